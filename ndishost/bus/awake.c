/* SPDX-License-Identifier: MIT */
/* Whether the device has power; see bus.h. */
#include <stdatomic.h>
#include "bus/bus.h"
#include "rules/rules.h"

bool bus_awake(const struct bus *bus, unsigned bar, uint64_t offset, const char *verb,
               const void *caller)
{
    if (!atomic_load_explicit(&bus->asleep, memory_order_relaxed))
        return true;
    if (rules_enabled)
        rule_violation(
            "LowPower", caller,
            "BAR %u, offset 0x%llx is %s while the device has no power: it was put to sleep", bar,
            (unsigned long long)offset, verb);
    return false;
}
