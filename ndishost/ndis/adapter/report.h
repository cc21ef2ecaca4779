/* SPDX-License-Identifier: MIT */
/*
 * report.h: what reports show of an adapter: asked of the miniport while it answers, and kept.
 *   report_create(adapter);  adapter_collect(adapter);  adapter_summary(adapter, stdout);
 *   report_free(adapter);
 */
#ifndef NDISHOST_REPORT_H
#define NDISHOST_REPORT_H

#include "ndis/api/miniport.h"

int report_create(struct ndis_adapter *adapter);
void report_free(struct ndis_adapter *adapter);

#endif
