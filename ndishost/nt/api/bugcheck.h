/* SPDX-License-Identifier: MIT */
/*
 * bugcheck.h: what drivers have registered with KeRegisterBugCheckCallback and KeRegisterBugCheckReasonCallback.
 *   nt_bug_check(false);  the miniports' shutdown;  nt_bug_check(true);
 */
#ifndef NDISHOST_BUGCHECK_H
#define NDISHOST_BUGCHECK_H

#include <stdbool.h>

#define NT_BUG_CHECK_MANUAL 0xE2 /* MANUALLY_INITIATED_CRASH */

/* Windows stops: calls those that give something for the dump, or (dumped) those that come after it. Once each, however
 * many adapters there are. At HIGH_LEVEL; nothing else runs in the driver. */
void nt_bug_check(bool dumped);

#endif
