/* What the library holds of JavaScript's: a number, which JavaScript keeps an object by, until the library releases it.
 */
#ifndef WEIR_NODE_HOST_H
#define WEIR_NODE_HOST_H

#include "env.h"

/* `busy`: the environment waits for its release. JavaScript is told: dispatch("ended", id), dispatch("released", id).
 * NULL: no memory. */
void* host_new(struct env* env, double id, bool busy);
struct env* host_env(void* host);
double host_id(void* host);
/* For the tables of the library's: any thread. */
void host_ended(void* host);
void host_release(void* host);
void host_release_data(void* host, const void* data);
/* Of one that the library did not take. */
void host_drop(void* host);

#endif
