/* SPDX-License-Identifier: MIT */
/* Every function that a miniport can import is held to the IRQL that Windows allows for it. */
#include "native.h"

#include "../ndishost-nt/irql_table.h"

int main(void)
{
    const struct host_export *e;

    EXPECT(host_exports(&e) > 350);
    EXPECT(irql_table_faults(stdout) == 0);
    native_end("irql-table");
    return native_failed_tests != 0;
}
