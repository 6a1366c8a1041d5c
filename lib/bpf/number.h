/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef IPFT_NUMBER_H
#define IPFT_NUMBER_H

/*
 * A number that user space writes into the instructions, in place of the placeholder, before it loads the
 * programs (lib/bpf/placeholders.ts). Unlike a variable it need not be loaded at each run, and the verifier
 * removes branches that it rules out. All placeholders begin with 0x1bf7, and no other number in the code
 * does. One that the trace has no number for becomes 0.
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
