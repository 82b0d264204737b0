/* SPDX-License-Identifier: Apache-2.0
 *
 * Running a network on a device: one step a call, events in and out, and its state saved and loaded.
 * No heap, no libc but memcpy, memmove and memset.
 */
#ifndef NEURO_DEVICE_H
#define NEURO_DEVICE_H

#include "neuro.h"
#include "neuro_step.h"

#define NR_READY 0x6E6575u
#define NR_MAGIC 0x4E525354u
#define NR_LAST_STEP 0x7F000000 /* delays and refractory periods reach beyond it */

/* Spikes that a source fires by itself, by step, then cell. */
typedef struct {
    const nr_time *step;
    const nr_index *cell;
    uint32_t events;
    uint32_t source;
} nr_train;

/* Bytes that do not start at zero: `size` bytes from a constant, or one word over and over. */
typedef struct {
    void *to;
    const void *from;
    uint32_t size;
    uint32_t word; /* nonzero: bytes of the word at `from` that is repeated */
} nr_fill;

typedef struct {
    uint8_t *at;
    uint32_t size;
} nr_span;

/* What a network's functions work on. */
typedef struct {
    const nr_net *net;
    const nr_train *train; /* one per spike array */
    uint32_t *played; /* how many events of each train are over */
    const uint16_t *output; /* sources whose spikes are given out */
    const nr_fill *fill;
    const nr_signal *signal; /* what currents do by themselves */
    const nr_span *state; /* one: all that changes */
    const nr_span *learnt; /* weights and variables of plastic synapses */
    uint32_t trains;
    uint32_t outputs;
    uint32_t fills;
    uint32_t signals;
    uint32_t learnts;
    uint32_t identity; /* of the network and its seed */
} nr_firmware;

typedef struct {
    uint32_t magic;
    uint32_t identity;
    uint32_t size;
    uint32_t check;
    int32_t step;
} nr_header;

/* State ---------------------------------------------------------------------------------------- */

static void nr_fill_in(const nr_fill *fill)
{
    if (!fill->word) {
        memcpy(fill->to, fill->from, fill->size);
        return;
    }
    for (uint32_t at = 0; at < fill->size; at += fill->word)
        memcpy((uint8_t *)fill->to + at, fill->from, fill->word);
}

/* How far trains and signals are before step `step`. */
static void nr_rewind(const nr_firmware *firmware, nr_time step)
{
    const nr_net *net = firmware->net;
    for (uint32_t k = 0; k < firmware->trains; ++k) {
        firmware->played[k] = 0;
        while (firmware->played[k] < firmware->train[k].events
               && firmware->train[k].step[firmware->played[k]] < step)
            ++firmware->played[k];
    }
#if NR_HAS_SIGNALS
    for (uint32_t k = 0; k < net->inputs; ++k) {
        if (!net->input[k].is_signal)
            continue;
        nr_signal *signal = &net->signal[net->input[k].place];
        if (!signal->changes)
            continue; /* driven, or silent */
        signal->next = 0;
        while (signal->next < signal->changes && signal->step[signal->next] < step)
            ++signal->next;
    }
#endif
    NR_STEP(net) = step;
}

static void nr_device_reset(const nr_firmware *firmware)
{
    memset(firmware->state->at, 0, firmware->state->size);
    for (uint32_t k = 0; k < firmware->fills; ++k)
        nr_fill_in(&firmware->fill[k]);
#if NR_HAS_SIGNALS
    memcpy(firmware->net->signal, firmware->signal, firmware->signals * sizeof *firmware->signal);
#endif
    nr_rewind(firmware, 0);
}

/* FNV-1a. */
static uint32_t nr_check(uint32_t sum, const uint8_t *bytes, uint32_t size)
{
    for (uint32_t k = 0; k < size; ++k)
        sum = (sum ^ bytes[k]) * 16777619u;
    return sum;
}

static uint32_t nr_total(const nr_span *span, uint32_t count)
{
    uint32_t size = 0;
    for (uint32_t k = 0; k < count; ++k)
        size += span[k].size;
    return size;
}

/* Over the step, then the bytes that follow the header. */
static uint32_t nr_header_check(const nr_header *header, const uint8_t *bytes)
{
    const uint32_t sum = nr_check(2166136261u, (const uint8_t *)&header->step, sizeof header->step);
    return nr_check(sum, bytes, header->size);
}

static nr_status nr_device_save(
    const nr_firmware *firmware, const nr_span *span, uint32_t count, uint8_t *to, uint32_t room)
{
    nr_header header = {NR_MAGIC, firmware->identity, nr_total(span, count), 0, 0};
    if (!to)
        return NR_NULL;
    if (room < sizeof header || room - sizeof header < header.size)
        return NR_NO_ROOM;
    header.step = (int32_t)NR_STEP(firmware->net);
    uint8_t *at = to + sizeof header;
    for (uint32_t k = 0; k < count; ++k) {
        memcpy(at, span[k].at, span[k].size);
        at += span[k].size;
    }
    header.check = nr_header_check(&header, to + sizeof header);
    memcpy(to, &header, sizeof header);
    return NR_OK;
}

/* Nothing is changed unless all of it fits. */
static nr_status nr_device_load(
    const nr_firmware *firmware, const nr_span *span, uint32_t count, const uint8_t *from,
    uint32_t size, int32_t *step)
{
    nr_header header;
    if (!from)
        return NR_NULL;
    if (size < sizeof header)
        return NR_BAD_IMAGE;
    memcpy(&header, from, sizeof header);
    if (header.magic != NR_MAGIC || header.identity != firmware->identity || header.step < 0
        || header.size != nr_total(span, count) || size - sizeof header < header.size
        || header.check != nr_header_check(&header, from + sizeof header))
        return NR_BAD_IMAGE;
    from += sizeof header;
    for (uint32_t k = 0; k < count; ++k) {
        memcpy(span[k].at, from, span[k].size);
        from += span[k].size;
    }
    *step = header.step;
    return NR_OK;
}

/* Steps ---------------------------------------------------------------------------------------- */

/* Where the spikes of a source may come from outside; NULL if they may not. */
static const nr_spikes *nr_input_source(const nr_firmware *firmware, uint32_t source)
{
    for (uint32_t k = 0; k < firmware->trains; ++k)
        if (firmware->train[k].source == source)
            return &firmware->net->spikes[source];
    return 0;
}

/* A cell of a source spikes in this step; 0 if it does so already. */
static int nr_add_spike(const nr_net *net, uint32_t source, uint32_t cell)
{
    uint32_t *word = &nr_bits_of(&net->spikes[source], NR_STEP(net))[cell / NR_WORD_BITS];
    const uint32_t bit = (uint32_t)1 << (cell % NR_WORD_BITS);
    if (*word & bit)
        return 0;
    *word |= bit;
    return 1;
}

static nr_status nr_take_event(const nr_firmware *firmware, nr_event event)
{
    const nr_spikes *spikes = nr_input_source(firmware, event.source);
    if (!spikes)
        return NR_BAD_SOURCE;
    if (event.cell >= spikes->size)
        return NR_BAD_CELL;
    return nr_add_spike(firmware->net, event.source, event.cell) ? NR_OK : NR_BAD_CELL;
}

/* No spikes from outside in the coming step.  It is so whenever no step is being done, and so a step
 * that is refused changes nothing. */
static void nr_clear_events(const nr_firmware *firmware)
{
    for (uint32_t k = 0; k < firmware->trains; ++k) {
        const nr_spikes *spikes = &firmware->net->spikes[firmware->train[k].source];
        memset(
            nr_bits_of(spikes, NR_STEP(firmware->net)), 0, nr_words_of(spikes) * sizeof(uint32_t));
    }
}

/* Spikes from outside in this step, and those that sources fire by themselves. */
static nr_status nr_take_events(const nr_firmware *firmware, const nr_event *in, uint32_t n_in)
{
    const nr_net *net = firmware->net;
    nr_status status = NR_OK;
    for (uint32_t k = 0; k < n_in && status == NR_OK; ++k)
        status = nr_take_event(firmware, in[k]);
    if (status != NR_OK) {
        nr_clear_events(firmware);
        return status;
    }
    for (uint32_t k = 0; k < firmware->trains; ++k) {
        const nr_train *train = &firmware->train[k];
        uint32_t *played = &firmware->played[k];
        for (; *played < train->events && train->step[*played] == NR_STEP(net); ++*played)
            (void)nr_add_spike(net, train->source, train->cell[*played]);
    }
    return NR_OK;
}

#if NR_HAS_SIGNALS
static void nr_take_signals(const nr_net *net)
{
    for (uint32_t k = 0; k < net->inputs; ++k) {
        if (!net->input[k].is_signal)
            continue;
        nr_signal *signal = &net->signal[net->input[k].place];
        while (signal->next < signal->changes && signal->step[signal->next] <= NR_STEP(net))
            ++signal->next;
    }
}

/* From now on a signal has these values, which must stay where they are. */
static nr_status nr_device_drive(
    const nr_firmware *firmware, uint32_t place, const real *value, uint32_t count)
{
    const nr_net *net = firmware->net;
    if (!value)
        return NR_NULL;
    if (place >= net->inputs || !net->input[place].is_signal)
        return NR_BAD_INPUT;
    nr_signal *signal = &net->signal[net->input[place].place];
    if (count != 1 && count != signal->target.stride / sizeof(real))
        return NR_BAD_INPUT;
    signal->value = value;
    signal->width = count;
    signal->changes = 0;
    signal->next = 1;
    return NR_OK;
}

#endif

static void nr_give_out(const nr_firmware *firmware, nr_event *out, uint32_t room, uint32_t *n_out)
{
    const nr_net *net = firmware->net;
    *n_out = 0;
    for (uint32_t k = 0; k < firmware->outputs; ++k) {
        nr_reader reader = nr_read(net, firmware->output[k], NR_STEP(net), 0, 1);
        const nr_index *cell;
        uint32_t count;
        while ((count = nr_next_spikes(&reader, &cell)))
            for (uint32_t q = 0; q < count; ++q, ++*n_out)
                if (*n_out < room) {
                    out[*n_out].source = firmware->output[k];
                    out[*n_out].cell = (uint16_t)cell[q];
                }
    }
}

/* One step.  There is room for `room` spikes in `out`; `n_out`, unless null, gets their number. */
static nr_status nr_device_step(
    const nr_firmware *firmware, const nr_event *in, uint32_t n_in, nr_event *out, uint32_t room,
    uint32_t *n_out)
{
    const nr_net *net = firmware->net;
    if ((n_in && !in) || (room && !out))
        return NR_NULL;
    if (NR_STEP(net) >= NR_LAST_STEP)
        return NR_STEP_LIMIT;
    const nr_status status = nr_take_events(firmware, in, n_in);
    if (status != NR_OK)
        return status;
#if NR_HAS_SIGNALS
    nr_take_signals(net);
#endif
    for (uint32_t k = 0; k < net->factors; ++k)
        memset(net->factor[k].sums, 0, net->factor[k].stride);
    nr_step_1(net, 0);
    nr_step_2(net, 0);
    nr_step_3(net, 0);
    if (net->synaptic_steps)
        nr_step_4(net, 0);
    nr_step_5(net, 0);
    if (n_out)
        nr_give_out(firmware, out, room, n_out);
    ++NR_STEP(net);
    nr_clear_events(firmware);
    return n_out && *n_out > room ? NR_NO_ROOM : NR_OK;
}

#endif
