/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs count, and tell user space in passing. */
#ifndef IPFT_COUNTERS_H
#define IPFT_COUNTERS_H

#include "event.h"

volatile struct state ipft_state;

static __always_inline volatile struct cpu_counters *counters_of(__u32 cpu)
{
	return &ipft_state.counters[cpu & (COUNTER_SLOTS - 1)];
}

#endif
