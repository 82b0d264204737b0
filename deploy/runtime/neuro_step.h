/* SPDX-License-Identifier: Apache-2.0
 *
 * One time step, in order: arrive, update, fire; post, pre, decay.  The order is the meaning; see
 * docs/explanation/step.md.  Several threads may share a step: each does its cells and the synapses
 * that end on them, and nr_step_1 to nr_step_4 are separated by barriers.
 *
 * The generated kernels are included before this file and end with the tables nr_cell_kernels and
 * nr_synapse_kernels.
 */
#ifndef NEURO_STEP_H
#define NEURO_STEP_H

#include "neuro_net.h"
#include "neuro_philox.h"

#ifndef NR_POISSON_BLOCK
/* Cells whose random words are made together; a multiple of NR_LANES. */
#define NR_POISSON_BLOCK 256
#endif
/* Parts that a network may do without. */
#ifndef NR_HAS_DEFERRED
#define NR_HAS_DEFERRED 1
#endif
#ifndef NR_HAS_POISSON
#define NR_HAS_POISSON 1
#endif
#ifndef NR_HAS_SIGNALS
#define NR_HAS_SIGNALS 1
#endif
#ifndef NR_HAS_GRADED
#define NR_HAS_GRADED 1
#endif
#ifndef NR_HAS_POST
#define NR_HAS_POST 1
#endif
#ifndef NR_HAS_TRACES
#define NR_HAS_TRACES 1
#endif
#define NR_EPOCH_STEPS 60000 /* a deferred rule is brought up to date at least this often */

/* The sums that are due in a step. */
static inline void *nr_due(const nr_ring *ring, nr_time step)
{
    if (ring->depth == 1)
        return ring->sums;
    return (uint8_t *)ring->sums + (size_t)((nr_utime)step % ring->depth) * ring->stride;
}

#if NR_BITS
#define NR_WORD_BITS 32u
#define NR_LIST (4u * NR_WORD_BITS) /* spikes that are read at a time */

static inline uint32_t nr_words_of(const nr_spikes *spikes)
{
    return (spikes->size + NR_WORD_BITS - 1) / NR_WORD_BITS;
}

static inline uint32_t *nr_bits_of(const nr_spikes *spikes, nr_time step)
{
    return spikes->bits + (size_t)((nr_utime)step & (spikes->slots - 1)) * nr_words_of(spikes);
}
#else
static inline nr_index *nr_cells_of(const nr_spikes *spikes, nr_time step)
{
    return spikes->cell + (size_t)((nr_utime)step & (spikes->slots - 1)) * spikes->size;
}

static inline nr_index *nr_counts_of(const nr_spikes *spikes, uint32_t threads, nr_time step)
{
    return spikes->count + (size_t)((nr_utime)step & (spikes->slots - 1)) * threads;
}
#endif

/* Reads the spikes of a source in one step, by cell, a list at a time. */
typedef struct {
#if NR_BITS
    const uint32_t *bits;
    nr_index cell[NR_LIST];
#else
    const nr_index *cells;
    const nr_index *counts;
    const uint32_t *first;
#endif
    uint32_t at; /* the next list: a thread's, or a word's */
    uint32_t end;
} nr_reader;

/* The spikes of the cells that threads `from` to `to` - 1 own; none before step 0. */
static inline nr_reader nr_read(
    const nr_net *net, uint32_t source, nr_time when, uint32_t from, uint32_t to)
{
    nr_reader reader;
    const nr_spikes *spikes = &net->spikes[source];
#if NR_BITS
    (void)from;
    (void)to;
    reader.bits = nr_bits_of(spikes, when);
    reader.at = 0;
    reader.end = when < 0 ? 0 : nr_words_of(spikes);
#else
    reader.cells = nr_cells_of(spikes, when);
    reader.counts = nr_counts_of(spikes, net->threads, when);
    reader.first = spikes->first;
    reader.at = from;
    reader.end = when < 0 ? from : to;
#endif
    return reader;
}

/* The next list and its length; 0 if there are no more spikes. */
static inline uint32_t nr_next_spikes(nr_reader *reader, const nr_index **cell)
{
#if NR_BITS
    uint32_t count = 0;
    for (; reader->at < reader->end && count + NR_WORD_BITS <= NR_LIST; ++reader->at)
        for (uint32_t word = reader->bits[reader->at]; word; word &= word - 1)
            reader->cell[count++] =
                (nr_index)(reader->at * NR_WORD_BITS + (uint32_t)__builtin_ctz(word));
    *cell = reader->cell;
    return count;
#else
    for (; reader->at < reader->end; ++reader->at) {
        const uint32_t count = reader->counts[reader->at];
        *cell = reader->cells + reader->first[reader->at];
        if (count) {
            ++reader->at;
            return count;
        }
    }
    return 0;
#endif
}

/* Give `count` listed cells back what they hold of a variable. */
static inline void nr_put_back(
    const nr_fifo *list, uint32_t variable, uint32_t first, uint32_t count, real *values)
{
    const nr_index *cell = list->cell + first;
    const real *held = list->held + (size_t)variable * list->capacity + first;
    for (uint32_t k = 0; k < count; ++k)
        values[cell[k]] = held[k];
}

/* 1. Arrive ---------------------------------------------------------------------------------- */

static void nr_add_and_clear(const nr_transfer *transfer, uint32_t thread, nr_time step)
{
    real *restrict from = nr_due(&transfer->ring, step);
    real *restrict to = nr_due(&transfer->target, step);
    for (uint32_t i = transfer->first[thread]; i < transfer->first[thread + 1]; ++i) {
        to[i] = nr_plus(to[i], from[i]);
        from[i] = 0;
    }
}

/* Events of the spikes that one source fired in `when`, added by cell, then synapse. */
static void nr_deliver(
    const nr_net *net, const nr_delivery *delivery, nr_time when, void *sums, nr_time step)
{
    const nr_edges *edges = delivery->edges;
    nr_reader reader = nr_read(net, edges->pre, when, 0, net->threads);
    const nr_index *cell;
    uint32_t count;
    while ((count = nr_next_spikes(&reader, &cell)))
        nr_synapse_kernels[edges->kernel].on_pre(edges, cell, count, sums, step);
}

#if NR_HAS_POISSON
static void nr_poisson_events(const nr_net *net, const nr_poisson *input, uint32_t thread)
{
    enum { BLOCK = NR_POISSON_BLOCK };
    uint32_t word[BLOCK];
    const nr_random at = nr_random_at(net->seed, input->stream, 0, (uint64_t)NR_STEP(net));
    real *restrict target = nr_due(&input->target, NR_STEP(net));
    const uint32_t last = input->first[thread + 1];
    for (uint32_t i = input->first[thread]; i < last; i += BLOCK) {
        const uint32_t count = last - i < BLOCK ? last - i : BLOCK;
        nr_words(at, i, count, word);
        if (input->table_of) {
            for (uint32_t k = 0; k < count; ++k) {
                const uint32_t table = input->table_of[i + k];
                uint32_t events = 0;
                for (uint32_t m = input->table[table]; m < input->table[table + 1]; ++m)
                    events += word[k] >= input->threshold[m];
                target[i + k] = nr_plus(
                    target[i + k],
                    nr_times(input->weight[input->per_cell ? i + k : 0], (real)(int32_t)events, 0));
            }
            continue;
        }
        int32_t events[BLOCK] = {0};
        for (uint32_t m = input->table[0]; m < input->table[1]; ++m) {
            const uint32_t level = input->threshold[m];
            for (uint32_t k = 0; k < BLOCK; ++k)
                events[k] += word[k] >= level;
        }
        if (input->per_cell)
            for (uint32_t k = 0; k < count; ++k)
                target[i + k] =
                    nr_plus(target[i + k], nr_times(input->weight[i + k], (real)events[k], 0));
        else
            for (uint32_t k = 0; k < count; ++k)
                target[i + k] =
                    nr_plus(target[i + k], nr_times(input->weight[0], (real)events[k], 0));
    }
}

#endif

#if NR_HAS_SIGNALS
static void nr_add_signal(const nr_net *net, const nr_signal *input, uint32_t thread)
{
    if (!input->next)
        return;
    const real *restrict value = input->value + (size_t)(input->next - 1) * input->width;
    real *restrict target = nr_due(&input->target, NR_STEP(net));
    const uint32_t first = input->first[thread], last = input->first[thread + 1];
    if (input->width > 1)
        for (uint32_t i = first; i < last; ++i)
            target[i] = nr_plus(target[i], value[i]);
    else
        for (uint32_t i = first; i < last; ++i)
            target[i] = nr_plus(target[i], value[0]);
}

#endif

static void nr_arrive(const nr_net *net, uint32_t thread)
{
    const nr_share *share = &net->share[thread];
    const nr_time step = NR_STEP(net);
    for (uint32_t k = 0; k < net->transfers; ++k)
        nr_add_and_clear(&net->transfer[k], thread, step);
    for (uint32_t k = 0; k < share->directs; ++k) {
        const nr_delivery *direct = &share->direct[k];
        void *sums = nr_due(&direct->ring, step);
        nr_deliver(net, direct, step - 1 - (nr_time)direct->edges->axonal, sums, step);
    }
#if NR_HAS_SIGNALS || NR_HAS_POISSON
    for (uint32_t k = 0; k < net->inputs; ++k) {
        const uint32_t place = net->input[k].place;
#if NR_HAS_SIGNALS
        if (net->input[k].is_signal)
            nr_add_signal(net, &net->signal[place], thread);
#endif
#if NR_HAS_POISSON
        if (!net->input[k].is_signal)
            nr_poisson_events(net, &net->poisson[place], thread);
#endif
    }
#endif
    for (uint32_t k = 0; k < net->graded_transfers; ++k)
        nr_add_and_clear(&net->graded_transfer[k], thread, step);
}

/* 2. Update, 3. Fire --------------------------------------------------------------------------- */

#if NR_BITS
static void nr_update_and_fire(const nr_net *net, uint32_t thread)
{
    nr_index fired[NR_WORD_BITS];
    fired[0] = 0; /* GCC may not see that what is read was written */
    for (uint32_t k = 0; k < net->populations; ++k) {
        const nr_cells *cells = &net->cells[k];
        const nr_cell_kernel *kernel = &nr_cell_kernels[cells->kernel];
        const nr_spikes *spikes = &net->spikes[cells->source];
        uint32_t *bits = nr_bits_of(spikes, NR_STEP(net));
        for (uint32_t first = 0; first < spikes->size; first += NR_WORD_BITS) {
            const uint32_t left = spikes->size - first;
            const uint32_t last = first + (left < NR_WORD_BITS ? left : NR_WORD_BITS);
            const uint32_t count = kernel->update(cells, net, thread, first, last, fired);
            uint32_t word = 0;
            for (uint32_t q = 0; q < count; ++q)
                word |= (uint32_t)1 << (fired[q] - first);
            bits[first / NR_WORD_BITS] = word;
            if (count)
                kernel->reset(cells, net, thread, fired, count);
        }
    }
}
#else
static void nr_update_and_fire(const nr_net *net, uint32_t thread)
{
    const nr_time step = NR_STEP(net);
    for (uint32_t k = 0; k < net->populations; ++k) {
        const nr_cells *cells = &net->cells[k];
        const nr_spikes *spikes = &net->spikes[cells->source];
        nr_index *fired = nr_cells_of(spikes, step) + spikes->first[thread];
        const uint32_t count = nr_cell_kernels[cells->kernel].update(
            cells, net, thread, spikes->first[thread], spikes->first[thread + 1], fired);
        nr_counts_of(spikes, net->threads, step)[thread] = (nr_index)count;
        if (count)
            nr_cell_kernels[cells->kernel].reset(cells, net, thread, fired, count);
    }
}
#endif

/* Phases 1 to 3, for the cells of one thread. */
static void nr_step_1(const nr_net *net, uint32_t thread)
{
    nr_arrive(net, thread);
    nr_update_and_fire(net, thread);
}

/* 4. Post, 5. Pre ------------------------------------------------------------------------------ */

#if NR_HAS_DEFERRED
/* Put the oldest notes of a cell aside; false if there is no place for them. */
static int nr_put_aside(nr_notes *notes, nr_shelf *shelf)
{
    if (shelf->used == shelf->room)
        return 0;
    nr_aside *block = &shelf->block[shelf->used++];
    block->older = notes->older;
    memcpy(block->step, notes->step, sizeof block->step);
    notes->older = shelf->used;
    notes->count = (uint16_t)(notes->count - NR_OLDER);
    memmove(notes->step, notes->step + NR_OLDER, notes->count * sizeof notes->step[0]);
    return 1;
}

/* A deferred rule only notes that postsynaptic cells have spiked; their synapses are brought up to
 * date when the next presynaptic spike passes, or here, when there is no more room for notes. */
static void nr_note_post_spikes(
    const nr_edges *edges, const nr_index *cell, uint32_t count, nr_time step)
{
    const nr_synapse_kernel *kernel = &nr_synapse_kernels[edges->kernel];
    if (step - *edges->epoch >= NR_EPOCH_STEPS)
        kernel->flush(edges, step, step - 1);
    for (uint32_t k = 0; k < count; ++k) {
        nr_notes *notes = &edges->notes[cell[k]];
        if (notes->count == NR_NOTES && !nr_put_aside(notes, edges->shelf))
            kernel->flush(edges, step, step - 1);
        notes->step[notes->count++] = (uint16_t)(step - *edges->epoch);
    }
}

#endif

#if NR_HAS_POST
static void nr_see_post_spikes(const nr_net *net, uint32_t thread)
{
    const nr_share *share = &net->share[thread];
    for (uint32_t k = 0; k < share->sents; ++k) {
        const nr_edges *edges = share->sent[k].edges;
        const nr_synapse_kernel *kernel = &nr_synapse_kernels[edges->kernel];
        if (!kernel->on_post && !kernel->flush)
            continue;
        nr_reader reader =
            nr_read(net, edges->post, NR_STEP(net) - (nr_time)edges->dendritic, thread, thread + 1);
        const nr_index *cell = 0;
        uint32_t count = nr_next_spikes(&reader, &cell);
#if NR_HAS_DEFERRED
        if (kernel->flush) {
            nr_note_post_spikes(edges, cell, count, NR_STEP(net));
            continue;
        }
#endif
        for (; count; count = nr_next_spikes(&reader, &cell))
            kernel->on_post(edges, cell, count);
    }
}
#endif

#if NR_HAS_TRACES
static void nr_raise_traces(const nr_net *net, uint32_t thread, uint32_t is_post)
{
    for (uint32_t k = 0; k < net->traces; ++k) {
        const nr_traces *traces = &net->trace[k];
        if (traces->is_post != is_post)
            continue;
        const nr_time when = NR_STEP(net) - (nr_time)traces->lag;
        nr_reader reader = nr_read(net, traces->source, when, thread, thread + 1);
        const nr_synapse_kernel *kernel = &nr_synapse_kernels[traces->kernel];
        const nr_index *cell;
        uint32_t count;
        while ((count = nr_next_spikes(&reader, &cell)))
            (is_post ? kernel->raise_post : kernel->raise_pre)(traces, cell, count);
    }
}

#endif

static void nr_see_pre_spikes(const nr_net *net, uint32_t thread)
{
    const nr_share *share = &net->share[thread];
    for (uint32_t k = 0; k < share->sents; ++k) {
        const nr_delivery *sent = &share->sent[k];
        void *sums = nr_due(&sent->ring, NR_STEP(net) + (nr_time)sent->edges->dendritic);
        nr_deliver(net, sent, NR_STEP(net) - (nr_time)sent->edges->axonal, sums, NR_STEP(net));
    }
}

#if NR_HAS_GRADED
static void nr_send_graded(const nr_net *net, uint32_t thread)
{
    const nr_share *share = &net->share[thread];
    for (uint32_t k = 0; k < share->gradeds; ++k) {
        const nr_graded *graded = &share->graded[k];
        real *restrict target = nr_due(&graded->ring, NR_STEP(net) + (nr_time)graded->delay);
        for (uint32_t row = 0; row < graded->rows; ++row) {
            const real value = graded->value[row];
            for (uint32_t s = graded->start[row]; s < graded->start[row + 1]; ++s) {
                real *sum = &target[graded->target[s]];
                const real weight = graded->weight[graded->uniform ? 0 : s];
                *sum = nr_plus(*sum, nr_times(weight, value, graded->shift));
            }
        }
    }
}

#endif

/* Phases 4 and 5, for the synapses that end on the cells of one thread. */
static void nr_step_2(const nr_net *net, uint32_t thread)
{
#if NR_HAS_POST
    nr_see_post_spikes(net, thread);
#endif
#if NR_HAS_TRACES
    nr_raise_traces(net, thread, 1);
#endif
    nr_see_pre_spikes(net, thread);
#if NR_HAS_GRADED
    nr_send_graded(net, thread);
#endif
}

/* Presynaptic traces rise when all synapses have seen them; then each_step. */
static void nr_step_3(const nr_net *net, uint32_t thread)
{
#if NR_HAS_TRACES
    nr_raise_traces(net, thread, 0);
#else
    (void)net;
    (void)thread;
#endif
}

static void nr_step_4(const nr_net *net, uint32_t thread)
{
    const nr_share *share = &net->share[thread];
    for (uint32_t k = 0; k < share->sents; ++k) {
        const nr_edges *edges = share->sent[k].edges;
        if (nr_synapse_kernels[edges->kernel].each_step)
            nr_synapse_kernels[edges->kernel].each_step(edges);
    }
}

/* 6. Decay ------------------------------------------------------------------------------------- */

static void nr_step_5(const nr_net *net, uint32_t thread)
{
    for (uint32_t k = 0; k < net->traces; ++k) {
        const nr_traces *traces = &net->trace[k];
        const nr_synapse_kernel *kernel = &nr_synapse_kernels[traces->kernel];
        const uint32_t *first = net->spikes[traces->source].first;
        if (traces->is_post)
            kernel->decay_post(traces, first[thread], first[thread + 1]);
        else
            kernel->decay_pre(traces, first[thread], first[thread + 1]);
    }
}

#endif
