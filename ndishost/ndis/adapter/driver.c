/* SPDX-License-Identifier: MIT */
/* A miniport driver: loaded, registered by its DriverEntry, unloaded. */
#include "ndis/api/miniport.h"
#include "loader/stub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ndis/api/net_buffer_pool.h"
#include "ndis/api/resources.h"
#include "ndis/adapter/adapter.h"
#include "ndis/adapter/install.h"
#include "nt/api/device.h"
#include "nt/api/log.h"
#include "nt/api/pool.h"
#include "nt/api/kernel.h"
#include "nt/api/dpc.h"

/* DriverEntry runs on the thread that loads; NdisMRegisterMiniportDriver finds its driver here. */
static struct ndis_driver *loading;
static struct ndis_driver *loaded; /* the first of a list */

struct ndis_driver *ndis_drivers(void)
{
    return loaded;
}

typedef NTSTATUS NTAPI DRIVER_ENTRY_FUNCTION(PDRIVER_OBJECT DriverObject,
                                             PUNICODE_STRING RegistryPath);

static void driver_object(struct ndis_driver *driver)
{
    driver->object.Type = 4; /* IO_TYPE_DRIVER */
    driver->object.Size = sizeof(driver->object);
    driver->object.DriverExtension = &driver->extension;
    driver->extension.DriverObject = &driver->object;
    driver->object.DriverStart = image_base(driver->image);
    driver->object.DriverSize = (ULONG)image_size(driver->image);
    driver->object.DriverInit = (PDRIVER_INITIALIZE)image_entry(driver->image);
}

const void *ndis_driver_base(const struct ndis_driver *driver)
{
    return image_base(driver->image);
}

struct image_patched ndis_driver_patched(const struct ndis_driver *driver)
{
    return image_patched(driver->image);
}

static void driver_free(struct ndis_driver *driver)
{
    image_unload(driver->image);
    driver->handle.kind = HANDLE_FREED;
    free(driver->registry_path_text);
    free(driver);
}

/* Before the driver runs: what may end the run, and how to know more. */
static void name_stubs(const char *path)
{
    const struct stub *stub;
    size_t count = stubs(&stub), i;

    if (!count || nt_log_quiet)
        return;
    fprintf(stderr, "ndishost: the driver imports functions that ndishost does not have:");
    for (i = 0; i < count; i++)
        fprintf(stderr, "%s %s", i ? "," : "", stub[i].name);
    fprintf(stderr, "\n  the first call of one ends the run; see `ndishost imports %s`\n", path);
}

struct ndis_driver *ndis_driver_load(const char *path, const struct inf *inf, char *error,
                                     size_t error_size)
{
    struct ndis_driver *driver = calloc(1, sizeof(*driver));
    DRIVER_ENTRY_FUNCTION *entry;
    struct callback call;
    NTSTATUS status;

    if (!driver) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    driver->handle.kind = HANDLE_DRIVER;
    driver->image = image_load(path, error, error_size);
    if (!driver->image) {
        free(driver);
        return NULL;
    }
    name_stubs(path);
    rules_history_source(nbl_history);
    resources_hooks();
    if (install_driver(driver, inf, error, error_size)) {
        driver_free(driver);
        return NULL;
    }
    driver_object(driver);
    entry = (DRIVER_ENTRY_FUNCTION *)image_entry(driver->image);
    loading = driver;
    call = callback_begin("DriverEntry");
    status = entry(&driver->object, &driver->registry_path);
    callback_end(&call);
    loading = NULL;
    nt_devices_ready(&driver->object);
    if (status < 0 || !driver->registered) {
        char name[64];
        int length;

        length = snprintf(error, error_size, "%s: DriverEntry returned %s%s",
                          image_name(driver->image), status_name(status, name, sizeof(name)),
                          status < 0 ? "" : " without a registered miniport");
        if (length > 0 && (size_t)length + 1 < error_size)
            error[length] = '\n',
            nt_log_text(0, error + length + 1, error_size - (size_t)length - 1);
        if (driver->registered)
            rule_violation("NdisMDeregisterMiniportDriver", NULL,
                           "DriverEntry failed with the miniport driver still registered");
        driver_free(driver);
        return NULL;
    }
    image_discard_init(driver->image);
    driver->next = loaded;
    loaded = driver;
    return driver;
}

/* Nothing tells of an object that was obtained for no adapter, or of a DPC, whose driver it belongs to. So the last
 * driver to go answers for those that are left. */
static void check_leaks(void)
{
    if (loaded)
        return;
    nt_dpcs_end();
    track_report_kept(0, NULL, "MiniportDriverUnload");
}

void ndis_driver_unload(struct ndis_driver *driver)
{
    struct ndis_driver **at = &loaded;
    struct callback call;

    if (driver->adapters)
        return; /* the caller's mistake: NDIS unloads a driver only after its last adapter */
    nt_flush();
    call = callback_begin("MiniportDriverUnload");
    driver->characteristics.UnloadHandler(&driver->object);
    callback_end(&call);
    nt_flush();
    if (driver->registered)
        rule_violation("NdisMDeregisterMiniportDriver", NULL,
                       "MiniportDriverUnload returned without NdisMDeregisterMiniportDriver");
    while (*at != driver)
        at = &(*at)->next;
    *at = driver->next;
    check_leaks();
    driver_free(driver);
}

/* ---- Registration ---- */

#define DOCUMENTATION "https://learn.microsoft.com/windows-hardware/drivers/ddi/ndis/"

struct handler {
    const char *field, *function,
        *page; /* of NDIS_MINIPORT_DRIVER_CHARACTERISTICS; of the miniport */
    bool missing;
};

/* Names every missing handler; false: one is. */
static bool handlers_check(const NDIS_MINIPORT_DRIVER_CHARACTERISTICS *c, const void *caller)
{
#define HANDLER(field, function, page)                \
    {                                                 \
#field, #function, "nc-ndis-" page, !c->field \
    }
    const struct handler handlers[] = {
        HANDLER(InitializeHandlerEx, MiniportInitializeEx, "miniport_initialize"),
        HANDLER(HaltHandlerEx, MiniportHaltEx, "miniport_halt"),
        HANDLER(UnloadHandler, MiniportDriverUnload, "miniport_unload"),
        HANDLER(PauseHandler, MiniportPause, "miniport_pause"),
        HANDLER(RestartHandler, MiniportRestart, "miniport_restart"),
        HANDLER(OidRequestHandler, MiniportOidRequest, "miniport_oid_request"),
        HANDLER(SendNetBufferListsHandler, MiniportSendNetBufferLists,
                "miniport_send_net_buffer_lists"),
        HANDLER(ReturnNetBufferListsHandler, MiniportReturnNetBufferLists,
                "miniport_return_net_buffer_lists"),
        HANDLER(CancelSendHandler, MiniportCancelSend, "miniport_cancel_send"),
        HANDLER(DevicePnPEventNotifyHandler, MiniportDevicePnPEventNotify,
                "miniport_device_pnp_event_notify"),
        HANDLER(ShutdownHandlerEx, MiniportShutdownEx, "miniport_shutdown"),
        HANDLER(CancelOidRequestHandler, MiniportCancelOidRequest, "miniport_cancel_oid_request"),
        {"ResetHandlerEx", "MiniportResetEx", "nc-ndis-miniport_reset",
         c->CheckForHangHandlerEx && !c->ResetHandlerEx},
    };
#undef HANDLER
    bool complete = true;
    size_t i;

    for (i = 0; i < ARRAYSIZE(handlers); i++) {
        if (!handlers[i].missing)
            continue;
        complete = false;
        rule_violation(
            "NdisMRegisterMiniportDriver", caller,
            "the driver has no %s: %s of NDIS_MINIPORT_DRIVER_CHARACTERISTICS is NULL%s, "
            "and the registration fails with NDIS_STATUS_BAD_CHARACTERISTICS; see " DOCUMENTATION
            "%s",
            handlers[i].function, handlers[i].field,
            i + 1 < ARRAYSIZE(handlers) ? "" : " although CheckForHangHandlerEx is not",
            handlers[i].page);
    }
    return complete;
}

static NDIS_STATUS refuse(NDIS_STATUS status, const void *caller, const char *what, unsigned found,
                          unsigned wanted)
{
    char name[64];

    rule_violation("NdisMRegisterMiniportDriver", caller,
                   "%s is 0x%02x, expected 0x%02x; the registration fails with %s", what, found,
                   wanted, status_name(status, name, sizeof(name)));
    return status;
}

static NDIS_STATUS characteristics_check(const NDIS_MINIPORT_DRIVER_CHARACTERISTICS *c,
                                         const void *caller)
{
    if (c->Header.Type != NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS)
        return refuse(NDIS_STATUS_BAD_CHARACTERISTICS, caller, "Header.Type", c->Header.Type,
                      NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS);
    if (c->MajorNdisVersion != 6 ||
        (c->MinorNdisVersion != 0 && c->MinorNdisVersion != 1 && c->MinorNdisVersion != 20))
        return refuse(NDIS_STATUS_BAD_VERSION, caller, "the NDIS version", c->MinorNdisVersion, 20);
    if (c->MinorNdisVersion >= 1 &&
        c->Header.Revision < NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2)
        return refuse(NDIS_STATUS_BAD_CHARACTERISTICS, caller, "Header.Revision",
                      c->Header.Revision, NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2);
    if (c->Header.Size < (c->Header.Revision >= NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2
                              ? NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2
                              : NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1))
        return refuse(NDIS_STATUS_BAD_CHARACTERISTICS, caller, "Header.Size", c->Header.Size,
                      NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2);
    if (c->Flags & ~(ULONG)(NDIS_INTERMEDIATE_DRIVER | NDIS_WDM_DRIVER))
        return refuse(NDIS_STATUS_BAD_CHARACTERISTICS, caller, "Flags", c->Flags, 0);
    return handlers_check(c, caller) ? NDIS_STATUS_SUCCESS : NDIS_STATUS_BAD_CHARACTERISTICS;
}

/* What NDIS puts into the driver object in place of the driver's own. */
static VOID NTAPI unload_by_ndis(PDRIVER_OBJECT DriverObject)
{
    (void)DriverObject;
}

NDIS_STATUS NTAPI NdisMRegisterMiniportDriver(
    PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath, NDIS_HANDLE MiniportDriverContext,
    PNDIS_MINIPORT_DRIVER_CHARACTERISTICS MiniportDriverCharacteristics,
    PNDIS_HANDLE NdisMiniportDriverHandle)
{
    struct ndis_driver *driver = loading;
    NDIS_STATUS status;
    size_t size;

    HOST_CALL(PASSIVE_LEVEL);
    *NdisMiniportDriverHandle = NULL;
    if (!driver || DriverObject != &driver->object || RegistryPath != &driver->registry_path ||
        driver->registered) {
        rule_violation("NdisMRegisterMiniportDriver", RULE_CALLER, "called %s",
                       !driver              ? "outside DriverEntry"
                       : driver->registered ? "a second time"
                                            : "with other arguments than those of DriverEntry");
        return NDIS_STATUS_FAILURE;
    }
    if (HOST_FAILS())
        return NDIS_STATUS_RESOURCES;
    status = characteristics_check(MiniportDriverCharacteristics, RULE_CALLER);
    if (status != NDIS_STATUS_SUCCESS)
        return status;
    size = MiniportDriverCharacteristics->Header.Size;
    if (size > sizeof(driver->characteristics))
        size = sizeof(driver->characteristics);
    memcpy(&driver->characteristics, MiniportDriverCharacteristics, size);
    driver->context = MiniportDriverContext;
    driver->object.DriverUnload = unload_by_ndis;
    driver->registered = true;
    *NdisMiniportDriverHandle = driver;
    if (driver->characteristics.SetOptionsHandler) {
        struct callback call = callback_begin("MiniportSetOptions");

        status = driver->characteristics.SetOptionsHandler(driver, driver->context);
        callback_end(&call);
        if (status != NDIS_STATUS_SUCCESS) {
            driver->registered = false;
            *NdisMiniportDriverHandle = NULL;
        }
    }
    return status;
}
HOST_EXPORT("NDIS.SYS", NdisMRegisterMiniportDriver);

VOID NTAPI NdisMDeregisterMiniportDriver(NDIS_HANDLE NdisMiniportDriverHandle)
{
    struct ndis_driver *driver =
        handle_check(NdisMiniportDriverHandle, HANDLE_DRIVER, __func__, RULE_CALLER);

    HOST_CALL(PASSIVE_LEVEL);
    if (!driver)
        return;
    if (!driver->registered)
        rule_violation("NdisMDeregisterMiniportDriver", RULE_CALLER,
                       "the driver is not registered");
    driver->registered = false;
}
HOST_EXPORT("NDIS.SYS", NdisMDeregisterMiniportDriver);

NDIS_STATUS NTAPI NdisSetOptionalHandlers(NDIS_HANDLE NdisHandle,
                                          PNDIS_DRIVER_OPTIONAL_HANDLERS OptionalHandlers)
{
    struct ndis_driver *driver = handle_check(NdisHandle, HANDLE_DRIVER, __func__, RULE_CALLER);

    HOST_CALL(PASSIVE_LEVEL);
    if (!driver)
        return NDIS_STATUS_FAILURE;
    if (OptionalHandlers->Type != NDIS_OBJECT_TYPE_MINIPORT_PNP_CHARACTERISTICS)
        return NDIS_STATUS_NOT_SUPPORTED; /* connection-oriented and chimney services */
    if (OptionalHandlers->Revision != NDIS_MINIPORT_PNP_CHARACTERISTICS_REVISION_1 ||
        OptionalHandlers->Size < NDIS_SIZEOF_MINIPORT_PNP_CHARACTERISTICS_REVISION_1)
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    if (HOST_FAILS())
        return NDIS_STATUS_RESOURCES;
    memcpy(&driver->pnp, OptionalHandlers, sizeof(driver->pnp));
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisSetOptionalHandlers);
