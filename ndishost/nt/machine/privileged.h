/* SPDX-License-Identifier: MIT */
/* privileged.h: instructions that only a kernel may execute: privileged_execute(context, &what). */
#ifndef NDISHOST_PRIVILEGED_H
#define NDISHOST_PRIVILEGED_H

#include <stdbool.h>
#include <ucontext.h>

/* Carries out the instruction that the processor refused to a user process: moves from and to CR8, in
 * and out (and their string forms). cli, sti and hlt are reported as rule "PrivilegedInstruction" and
 * passed over. false: none of these; *what then names it ("wrmsr") if it is some other instruction
 * of the kernel's, else is NULL. */
bool privileged_execute(ucontext_t *context, const char **what);

/* Has moves of CR8 that the loader replaced executed the same way (loader/patch.h). Before a driver is loaded. */
void privileged_install(void);

#endif
