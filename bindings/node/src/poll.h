/* Waiting for a handle's descriptor on the loop: one call back for each time that is asked for. */
#ifndef WEIR_NODE_POLL_H
#define WEIR_NODE_POLL_H

#include "env.h"

struct poller;

/* Calls `callback` once when `fd` polls readable; keeps the loop running until then. *poller is made when first needed.
 * 0, or an error of libuv's. */
int poller_wait(struct env* env, struct poller** poller, int fd, napi_value callback);
/* Before its descriptor goes. The callback does not come any more. Of NULL: nothing. */
void poller_close(struct poller** poller);
/* All of them, at the end of the environment. */
void pollers_close(struct env* env);

#endif
