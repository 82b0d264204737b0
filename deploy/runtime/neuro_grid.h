/* SPDX-License-Identifier: Apache-2.0
 *
 * Synapses of convolutions and pooling, which are nowhere listed: from the place of a cell follows
 * which others it reaches, and through which weights.
 */
#ifndef NEURO_GRID_H
#define NEURO_GRID_H

#include "neuro_net.h"

#if NR_HAS_GRIDS

/* How many taps of one axis fall on a place, the first of them, and the output that it leads to. */
typedef struct {
    uint32_t tap;
    uint32_t output;
    uint32_t count;
} nr_taps;

static inline nr_taps nr_taps_of(const nr_index *axis, uint32_t place)
{
    const nr_index *own = axis + 3 * place;
    const nr_taps taps = {own[0], own[1], own[2]};
    return taps;
}

/* Where a cell lies, and what it reaches. */
typedef struct {
    nr_taps rows;
    nr_taps columns;
    uint32_t weights; /* the first weight of its channel */
    uint32_t block; /* the first output channel of its group */
} nr_reach;

static inline nr_reach nr_reach_of(const nr_grid *grid, uint32_t cell)
{
    const uint32_t channel = cell / grid->plane_in;
    const uint32_t place = cell - channel * grid->plane_in;
    const uint32_t row = place / grid->width_in;
    const uint32_t group = channel < grid->block_in ? 0 : channel / grid->block_in;
    nr_reach reach;
    reach.rows = nr_taps_of(grid->row, row);
    reach.columns = nr_taps_of(grid->column, place - row * grid->width_in);
    reach.weights = channel * grid->taps * grid->block_out;
    reach.block = group * grid->block_out;
    return reach;
}

/* One row of taps: the first weight, and its place in an output channel. */
typedef struct {
    uint32_t weights;
    uint32_t place;
} nr_line;

static inline nr_line nr_line_of(const nr_grid *grid, const nr_reach *reach, uint32_t down)
{
    const uint32_t row = reach->rows.tap + down * grid->row_step;
    const uint32_t output = reach->rows.output - down * grid->row_back;
    const nr_line line = {
        reach->weights + (row * grid->window + reach->columns.tap) * grid->block_out,
        output * grid->width_out + reach->columns.output};
    return line;
}

#if !NR_BITS
/* A thread's share of the output channels: the first, and where in it the share starts; and so on. */
typedef struct {
    uint32_t low, low_place;
    uint32_t high, high_place;
} nr_channels;

static inline nr_channels nr_channels_of(const nr_edges *edges)
{
    const uint32_t plane = edges->grid->plane_out;
    const nr_channels share = {
        edges->first / plane, edges->first % plane, edges->last / plane, edges->last % plane};
    return share;
}

/* The first channel of a thread at a place, counted from `block` on and at most `count`. */
static inline uint32_t nr_first_channel(
    const nr_channels *share, uint32_t place, uint32_t block, uint32_t count)
{
    const uint32_t first = share->low + (place < share->low_place);
    return first <= block ? 0 : first - block < count ? first - block : count;
}

/* The last one, plus one. */
static inline uint32_t nr_last_channel(
    const nr_channels *share, uint32_t place, uint32_t block, uint32_t count)
{
    const uint32_t last = share->high + (place < share->high_place);
    return last <= block ? 0 : last - block < count ? last - block : count;
}
#endif

#endif
#endif
