/* What the library holds of JavaScript's: a number, which JavaScript keeps an object by, until the library releases it.
 */
#ifndef WEIR_NODE_HOST_H
#define WEIR_NODE_HOST_H

#include "env.h"

/* What the end of an environment does about it: nothing; waits for the job's end, for a while; waits until the memory
 * is given back, as it goes with the environment. */
enum HostKind { HOST_IDLE, HOST_JOB, HOST_LENT };

/* JavaScript is told: dispatch("ended", id), dispatch("released", id). NULL: no memory. */
void* host_new(struct env* env, double id, enum HostKind kind);
struct env* host_env(void* host);
double host_id(void* host);
/* For the tables of the library's: any thread. */
void host_ended(void* host);
void host_release(void* host);
void host_release_data(void* host, const void* data);
/* Of one that the library did not take. */
void host_drop(void* host);

#endif
