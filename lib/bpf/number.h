/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef IPFT_NUMBER_H
#define IPFT_NUMBER_H

/*
 * A number that user space knows before the programs are loaded. It replaces the placeholder in the
 * instructions (lib/bpf/placeholders.ts): a variable would have to be loaded at each run, and the
 * verifier removes the branches that such a number rules out. All placeholders begin with 0x1bf7; one
 * that user space has no number for becomes 0.
 */
#define NUMBER(placeholder)                                                                      \
	({                                                                                       \
		__u32 number;                                                                    \
		asm volatile("%0 = %1" : "=w"(number) : "i"(placeholder));                       \
		number;                                                                          \
	})

/* A copy that clang takes for another variable, which therefore need not share its register. */
#define COPY(to, from) asm volatile("%0 = %1" : "=r"(to) : "r"(from))

#endif
