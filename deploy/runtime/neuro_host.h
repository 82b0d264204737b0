/* SPDX-License-Identifier: Apache-2.0
 *
 * Running a network on a computer: many steps a call, threads, and recording.
 */
#ifndef NEURO_HOST_H
#define NEURO_HOST_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "neuro_step.h"

/* Spikes that came from outside, for the steps of one call: events of step s are
 * cell[start[s - first]] to cell[start[s - first + 1] - 1]. */
typedef struct {
    uint32_t source;
    const uint64_t *start;
    const uint32_t *cell;
} nr_events;

/* Where the spikes of a source are recorded. */
typedef struct {
    uint32_t source;
    uint64_t capacity;
    uint64_t count;
    int64_t *step;
    uint32_t *cell;
} nr_spike_probe;

/* Where a state variable is recorded. */
typedef struct {
    const real *value;
    const uint32_t *index;
    uint64_t width;
    int64_t every;
    uint64_t capacity; /* rows */
    uint64_t count;
    int64_t *step;
    real *sample; /* [capacity][width] */
} nr_state_probe;

typedef struct {
    nr_events *events;
    nr_spike_probe *spikes;
    nr_state_probe *states;
    uint32_t n_events;
    uint32_t n_spikes;
    uint32_t n_states;
    int64_t first; /* first step of this call */
} nr_desk;

typedef struct {
    atomic_uint arrived;
    atomic_uint turn;
    uint32_t threads;
} nr_barrier;

static void nr_wait(nr_barrier *barrier)
{
    if (barrier->threads == 1)
        return;
    const unsigned turn = atomic_load_explicit(&barrier->turn, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&barrier->arrived, 1, memory_order_acq_rel) + 1
        == barrier->threads) {
        atomic_store_explicit(&barrier->arrived, 0, memory_order_relaxed);
        atomic_fetch_add_explicit(&barrier->turn, 1, memory_order_release);
        return;
    }
    /* Spin for a moment, then give way: the machine may be busy with other things. */
    for (unsigned spins = 0; atomic_load_explicit(&barrier->turn, memory_order_acquire) == turn;)
        if (++spins % 2048 == 0)
            sched_yield();
}

static void nr_take_events(nr_net *net, const nr_desk *desk)
{
    for (uint32_t k = 0; k < desk->n_events; ++k) {
        const nr_events *events = &desk->events[k];
        const nr_spikes *spikes = &net->spikes[events->source];
        const uint64_t *start = &events->start[net->step - desk->first];
        nr_index *counts = nr_counts_of(spikes, net->threads, net->step);
        /* Threads look for the spikes of a source where its cells are owned. */
        const uint32_t *cell = events->cell + start[0], *end = events->cell + start[1];
        for (uint32_t t = 0; t < net->threads; ++t) {
            nr_index *place = nr_cells_of(spikes, net->step) + spikes->first[t];
            uint32_t count = 0;
            while (cell < end && *cell < spikes->first[t + 1])
                place[count++] = *cell++;
            counts[t] = count;
        }
    }
}

static void nr_take_signals(nr_net *net)
{
    for (uint32_t k = 0; k < net->inputs; ++k) {
        if (!net->input[k].is_signal)
            continue;
        nr_signal *signal = &net->signal[net->input[k].place];
        while (signal->next < signal->changes && signal->step[signal->next] <= net->step)
            ++signal->next;
    }
}

static void nr_record(const nr_net *net, nr_desk *desk)
{
    for (uint32_t k = 0; k < desk->n_spikes; ++k) {
        nr_spike_probe *probe = &desk->spikes[k];
        const nr_spikes *spikes = &net->spikes[probe->source];
        const nr_index *counts = nr_counts_of(spikes, net->threads, net->step);
        for (uint32_t t = 0; t < net->threads; ++t) {
            const nr_index *cell = nr_cells_of(spikes, net->step) + spikes->first[t];
            for (uint32_t q = 0; q < counts[t]; ++q) {
                probe->cell[probe->count] = cell[q];
                probe->step[probe->count++] = net->step;
            }
        }
    }
    for (uint32_t k = 0; k < desk->n_states; ++k) {
        nr_state_probe *probe = &desk->states[k];
        if (net->step % probe->every)
            continue;
        real *row = probe->sample + probe->count * probe->width;
        for (uint64_t q = 0; q < probe->width; ++q)
            row[q] = probe->value[probe->index[q]];
        probe->step[probe->count++] = net->step;
    }
}

/* True if the next step's recordings fit into the buffers. */
static int nr_has_room(const nr_net *net, const nr_desk *desk)
{
    for (uint32_t k = 0; k < desk->n_spikes; ++k) {
        const nr_spike_probe *probe = &desk->spikes[k];
        if (probe->capacity - probe->count < net->spikes[probe->source].size)
            return 0;
    }
    for (uint32_t k = 0; k < desk->n_states; ++k)
        if (desk->states[k].count == desk->states[k].capacity)
            return 0;
    return 1;
}

/* What comes from outside in the next step. */
static void nr_prepare(nr_net *net, const nr_desk *desk)
{
    nr_take_events(net, desk);
    nr_take_signals(net);
    for (uint32_t k = 0; k < net->factors; ++k)
        memset(net->factor[k].sums, 0, net->factor[k].stride);
}

typedef struct {
    nr_net *net;
    nr_desk *desk;
    nr_barrier *barrier;
    atomic_int *gate; /* 0: wait; 1: work; -1: give up */
    int *go_on; /* set by thread 0, read by all behind a barrier */
    int64_t last;
    uint32_t thread;
} nr_worker;

static void *nr_work(void *argument)
{
    const nr_worker *me = argument;
    nr_net *net = me->net;
    const uint32_t thread = me->thread;
    while (!atomic_load_explicit(me->gate, memory_order_acquire))
        sched_yield();
    if (atomic_load_explicit(me->gate, memory_order_acquire) < 0)
        return NULL;
    while (*me->go_on) {
        nr_step_1(net, thread);
        nr_wait(me->barrier);
        nr_step_2(net, thread);
        if (net->shared_traces)
            nr_wait(me->barrier);
        nr_step_3(net, thread);
        if (net->synaptic_steps) {
            nr_wait(me->barrier);
            nr_step_4(net, thread);
            nr_wait(me->barrier);
        }
        nr_step_5(net, thread);
        nr_wait(me->barrier);
        if (thread == 0) {
            nr_record(net, me->desk);
            ++net->step;
            *me->go_on = net->step < me->last && nr_has_room(net, me->desk);
            if (*me->go_on)
                nr_prepare(net, me->desk);
        }
        nr_wait(me->barrier);
    }
    return NULL;
}

#define NR_MAX_THREADS 64

/* Do steps up to `last`, fewer if a buffer is full.  Returns the next step, or -1 if the threads
 * could not be started (nothing has been done then). */
int64_t nr_advance(nr_net *net, nr_desk *desk, int64_t last)
{
    nr_barrier barrier = {.threads = net->threads};
    nr_worker worker[NR_MAX_THREADS];
    pthread_t handle[NR_MAX_THREADS];
    atomic_int gate = 0;
    int go_on = net->step < last && nr_has_room(net, desk);
    uint32_t started = 1;
    for (uint32_t k = 0; k < net->threads; ++k)
        worker[k] = (nr_worker){net, desk, &barrier, &gate, &go_on, last, k};
    while (started < net->threads
           && !pthread_create(&handle[started], NULL, nr_work, &worker[started]))
        ++started;
    const int complete = started == net->threads;
    if (complete && go_on)
        nr_prepare(net, desk);
    atomic_store_explicit(&gate, complete ? 1 : -1, memory_order_release);
    nr_work(&worker[0]);
    for (uint32_t k = 1; k < started; ++k)
        pthread_join(handle[k], NULL);
    return complete ? net->step : -1;
}

/* The same synapses by postsynaptic cell, in the order of their presynaptic cells.  `column` has
 * room for one more than there are cells. */
void nr_columns(
    uint32_t rows, uint32_t cells, const uint32_t *start, const void *target, int narrow,
    uint32_t *column, uint32_t *synapse, uint32_t *source)
{
    const uint16_t *few = target;
    const uint32_t *many = target;
    memset(column, 0, (cells + 1) * sizeof *column);
    for (uint32_t s = 0; s < start[rows]; ++s)
        ++column[(narrow ? few[s] : many[s]) + 1];
    for (uint32_t c = 0; c < cells; ++c)
        column[c + 1] += column[c];
    for (uint32_t row = 0; row < rows; ++row)
        for (uint32_t s = start[row]; s < start[row + 1]; ++s) {
            const uint32_t place = column[narrow ? few[s] : many[s]]++;
            synapse[place] = s;
            source[place] = row;
        }
    /* Each bound has moved to where the next one was. */
    memmove(column + 1, column, cells * sizeof *column);
    column[0] = 0;
}

/* Bring all deferred rules up to date after step `net->step - 1`. */
void nr_settle(nr_net *net)
{
    for (uint32_t thread = 0; thread < net->threads; ++thread) {
        const nr_share *share = &net->share[thread];
        for (uint32_t k = 0; k < share->sents; ++k) {
            const nr_edges *edges = share->sent[k].edges;
            if (nr_synapse_kernels[edges->kernel].flush)
                nr_synapse_kernels[edges->kernel].flush(edges, net->step - 1, net->step - 1);
        }
    }
}

#endif
