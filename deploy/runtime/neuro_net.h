/* SPDX-License-Identifier: Apache-2.0
 *
 * A network as tables of plain structs.  The tables say what is connected and where the numbers
 * are; the generated kernels say what is computed.  A host fills in pointers to its arrays, a
 * firmware initialises the same structs with addresses of static tables.
 */
#ifndef NEURO_NET_H
#define NEURO_NET_H

#ifdef NR_FIXED
#include "neuro_fixed.h"
#else
#include "neuro_math.h"
#endif

/* Numbers of cells, places of synapses and steps.  Where memory is scarce, the generated code asks
 * for narrower types. */
#ifndef NR_INDEX
#define NR_INDEX uint32_t
#endif
#ifndef NR_OFFSET
#define NR_OFFSET uint32_t
#endif
#ifndef NR_TIME
#define NR_TIME int64_t
#define NR_UTIME uint64_t
#endif
typedef NR_INDEX nr_index;
typedef NR_OFFSET nr_offset;
typedef NR_TIME nr_time;
typedef NR_UTIME nr_utime; /* the same without a sign */

#define NR_NOTES 13u /* postsynaptic spikes that a deferred rule notes with a cell */
#define NR_OLDER 6u /* older ones that it puts aside together */

/* What has arrived, or will: `depth` slots of one sum per cell.  Slot step % depth is due in `step`. */
typedef struct {
    void *sums; /* real, or int16_t where the kernels know that this is enough */
    uint32_t depth;
    uint32_t stride; /* bytes of a slot */
} nr_ring;

/* Spikes of one source in recent steps.  A slot has room for every cell: as a list, in which thread k
 * writes its cells from `first[k]` on and their number to `count`; or, where memory is scarce, as a
 * bit per cell. */
#ifndef NR_BITS
#define NR_BITS 0
#endif
typedef struct {
#if NR_BITS
    uint32_t *bits; /* [slots][(size + 31) / 32] */
#else
    nr_index *cell; /* [slots][size] */
    nr_index *count; /* [slots][threads] */
#endif
    const uint32_t *first; /* [threads + 1]: which cells a thread owns */
    uint32_t slots; /* a power of two; slot step % slots is that of `step` */
    uint32_t size;
} nr_spikes;

/* Refractory cells of one thread, oldest first, with the values that they hold. */
typedef struct {
    nr_index *cell;
    real *held; /* [variables][capacity] */
    uint32_t capacity;
    uint32_t head;
    uint32_t count;
} nr_fifo;

/* A population. */
typedef struct {
    uint32_t kernel;
    uint32_t stream; /* of random words */
    uint32_t refractory; /* steps, where all cells have the same */
    uint32_t source; /* its place among the sources of spikes */
    real *const *state;
    const real *const *array; /* constants per cell */
    const real *scalar; /* constants of the population */
    const nr_ring *port; /* free ports, then rings that the kernel adds to bound variables */
    const uint32_t *refractory_of; /* steps per cell, or NULL */
    nr_time *until; /* last refractory step of each cell */
    nr_fifo *fifo; /* [threads], or NULL */
} nr_cells;

/* Recent postsynaptic spikes of a cell as steps since the projection's epoch, ascending; `older` is
 * the place of those put aside last, plus one.  Half a cache line. */
typedef struct {
    uint16_t count;
    uint16_t step[NR_NOTES];
    uint32_t older;
} nr_notes;

/* Older spikes of a cell, put aside; `older` as in nr_notes. */
typedef struct {
    uint32_t older;
    uint16_t step[NR_OLDER];
} nr_aside;

/* Places for spikes put aside. */
typedef struct {
    nr_aside *block;
    uint32_t used;
    uint32_t room;
} nr_shelf;

/* Traces of one side of a projection at one delay. */
typedef struct {
    uint32_t kernel; /* of the synapses */
    uint32_t source;
    uint32_t lag;
    uint32_t is_post;
    real *const *state;
    const real *scalar;
} nr_traces;

/* The geometry of a convolution or pooling.  A cell of channel c, row y and column x has the index
 * (c * rows + y) * columns + x, on both sides. */
#ifndef NR_HAS_GRIDS
#define NR_HAS_GRIDS 1
#endif
#if NR_HAS_GRIDS
typedef struct {
    const nr_index *row; /* [rows][3]: the first tap on a row, its output row, how many taps */
    const nr_index *column; /* [columns][3]: likewise */
    uint32_t plane_in, width_in; /* cells of a channel and of a row before */
    uint32_t plane_out, width_out; /* and behind */
    uint32_t block_in, block_out; /* channels of a group */
    uint32_t taps, window; /* taps of the window, and of one of its rows */
    uint32_t row_step, row_back; /* from one tap to the next, and of its output, backwards */
    uint32_t column_weights, column_back; /* likewise, in weights */
} nr_grid;
#endif

/* Synapses of one projection that share their delays and end on the cells of one thread. */
typedef struct {
    uint32_t kernel;
    uint32_t pre; /* source */
    uint32_t post; /* source */
    uint32_t axonal;
    uint32_t dendritic;
    uint32_t rows;
    uint32_t cells; /* postsynaptic ones */
    const nr_offset *start; /* [rows + 1] */
    const void *target; /* postsynaptic cell of each synapse, 16 or 32 bits */
    real *const *state; /* the weight, then further variables */
    const real *const *array; /* constants per synapse */
    const real *scalar; /* constants of the projection; a uniform weight comes last */
    real *const *pre_trace;
    real *const *post_trace;
    real *const *factor;
    const nr_offset *column; /* [cells + 1]: the same synapses by postsynaptic cell, or NULL */
    const nr_offset *column_synapse;
    const nr_index *column_source;
    nr_notes *notes; /* [cells], of a deferred rule, or NULL */
    nr_shelf *shelf;
    uint32_t *visited; /* [rows]: step since the epoch up to which a row is brought up to date */
    nr_time *epoch;
    real *const *chain; /* scratch of a deferred rule: traces from step to step */
#if NR_HAS_GRIDS
    const nr_grid *grid; /* of synapses that are not listed */
#endif
#if !NR_BITS
    uint32_t first, last; /* the thread's postsynaptic cells */
#endif
} nr_edges;

/* Where the events of a group of synapses are added: a ring, or directly a port's sums. */
typedef struct {
    const nr_edges *edges;
    nr_ring ring;
} nr_delivery;

/* Poisson events onto a port. */
typedef struct {
    nr_ring target;
    const uint32_t *first; /* [threads + 1]: which cells a thread owns */
    uint32_t stream;
    uint32_t per_cell; /* nonzero if there is a weight per cell */
    const real *weight;
    const uint32_t *threshold;
    const uint32_t *table; /* [tables + 1]: where each rate's thresholds start */
    const uint32_t *table_of; /* table of each cell, or NULL if all have the first */
} nr_poisson;

/* A piecewise constant signal onto a port or factor. */
typedef struct {
    nr_ring target;
    const uint32_t *first;
    const nr_time *step;
    const real *value; /* [changes][width] */
    uint64_t changes;
    uint64_t next; /* the first change that is still to come */
    uint32_t width; /* 1, or the size of the target */
} nr_signal;

/* An input: a Poisson input or a signal, by its place in the table of its kind. */
typedef struct {
    uint32_t is_signal;
    uint32_t place;
} nr_input;

/* A graded projection that ends on the cells of one thread; all its delays are the same. */
typedef struct {
    nr_ring ring;
    const real *value;
    const nr_offset *start;
    const nr_index *target;
    const real *weight; /* one per synapse, or one */
    uint32_t rows;
    uint32_t delay;
    uint32_t uniform;
    int32_t shift; /* of products to the right, in fixed point */
} nr_graded;

/* Adds what a ring holds for this step to sums that other inputs reach too, and empties it. */
typedef struct {
    nr_ring ring;
    nr_ring target;
    const uint32_t *first;
} nr_transfer;

/* What one thread does. */
typedef struct {
    const nr_delivery *direct;
    const nr_delivery *sent;
    const nr_graded *graded;
    uint32_t directs;
    uint32_t sents;
    uint32_t gradeds;
} nr_share;

/* A network.  On a device all of it is constant, and the step is elsewhere. */
#if NR_BITS
#define NR_STEP(net) (*(net)->now)
#else
#define NR_STEP(net) ((net)->step)
#endif
typedef struct nr_net {
#if NR_BITS
    nr_time *now; /* the next step */
#else
    nr_time step; /* the next one */
#endif
    uint64_t seed;
    double dt; /* seconds */
    uint32_t threads;
    uint32_t sources, populations, factors, transfers, inputs, graded_transfers, traces;
    uint32_t shared_traces; /* nonzero if synapses read traces that other threads write */
    uint32_t synaptic_steps; /* nonzero if a synapse has a program for each step */
    const nr_spikes *spikes; /* populations first */
    const nr_cells *cells;
    const nr_ring *factor;
    const nr_transfer *transfer;
    const nr_input *input;
    const nr_poisson *poisson;
    nr_signal *signal;
    const nr_transfer *graded_transfer;
    const nr_traces *trace;
    const nr_share *share; /* [threads] */
} nr_net;

/* What a kind of cell computes.  `update` writes the cells that spike to `fired`, ascending, and
 * returns their number; `reset` is then run on them. */
typedef struct {
    uint32_t (*update)(
        const nr_cells *cells, const nr_net *net, uint32_t thread, uint32_t first, uint32_t last,
        nr_index *fired);
    void (*reset)(
        const nr_cells *cells, const nr_net *net, uint32_t thread, const nr_index *fired,
        uint32_t count);
} nr_cell_kernel;

/* What a kind of synapse computes; what it does not need is NULL.  A deferred kind has `flush`,
 * which brings all rows up to date with postsynaptic spikes seen up to `step` and leaves the traces
 * as they are after step `epoch`, the new epoch. */
typedef struct {
    void (*on_pre)(
        const nr_edges *edges, const nr_index *cell, uint32_t count, void *sums, nr_time step);
    void (*on_post)(const nr_edges *edges, const nr_index *cell, uint32_t count);
    void (*each_step)(const nr_edges *edges);
    void (*flush)(const nr_edges *edges, nr_time step, nr_time epoch);
    void (*raise_pre)(const nr_traces *traces, const nr_index *cell, uint32_t count);
    void (*raise_post)(const nr_traces *traces, const nr_index *cell, uint32_t count);
    void (*decay_pre)(const nr_traces *traces, uint32_t first, uint32_t last);
    void (*decay_post)(const nr_traces *traces, uint32_t first, uint32_t last);
} nr_synapse_kernel;

#endif
