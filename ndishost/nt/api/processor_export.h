/* SPDX-License-Identifier: MIT */
/* processor_export.h: nt_processors_export(2): what KeNumberProcessors says, before any driver code. */
#ifndef NDISHOST_PROCESSOR_EXPORT_H
#define NDISHOST_PROCESSOR_EXPORT_H

void nt_processors_export(unsigned count);

#endif
