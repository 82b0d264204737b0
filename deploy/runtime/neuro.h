/* SPDX-License-Identifier: Apache-2.0
 *
 * What the functions of every exported network have in common.
 */
#ifndef NEURO_H
#define NEURO_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    NR_OK = 0,
    NR_NULL = 1, /* a pointer that is needed is null */
    NR_NOT_READY = 2, /* the network was not initialised */
    NR_BAD_SOURCE = 3, /* an event of a source that takes none */
    NR_BAD_CELL = 4, /* an event of a cell that does not exist, or the same event twice */
    NR_NO_ROOM = 5, /* a buffer is too small; what did not fit is lost, *n_out counts it too */
    NR_BAD_IMAGE = 6, /* a saved state of another network, or a damaged one */
    NR_STEP_LIMIT = 7, /* 2130706432 steps have been done: 24 days of milliseconds */
    NR_BAD_INPUT = 8 /* no such input, or as many values as it does not take */
} nr_status;

/* A spike: the source's number (see the network's header) and the cell's. */
typedef struct {
    uint16_t source;
    uint16_t cell;
} nr_event;

#ifdef __cplusplus
}
#endif

#endif
