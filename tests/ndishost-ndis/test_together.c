/* SPDX-License-Identifier: MIT */
/*
 * The drivers of both packages in one machine: aerovnet.sys with a transitional card, aerovnetm.sys with a modern
 * one. Each carries frames both ways, and goes on with that while the other is unloaded and loaded again.
 */
#include "native.h"

#include <string.h>
#include <unistd.h>
#include "ndis/adapter/adapter.h"
#include "net/net.h"

#define PATIENCE 6000 /* looks, 10 ms apart: a busy machine */

struct package {
    const char *file, *bus;
    struct ndis_driver *driver;
    struct ndis_adapter *adapter;
};

static struct package packages[] = {
    {.file = "out/x64/aerovnet.sys", .bus = "model"},
    {.file = "out/x64/aerovnetm.sys", .bus = "model:modern=1"},
};

static void complain(const struct package *package, const char *error)
{
    native_failures++;
    snprintf(native_first, sizeof(native_first), "%s: %s", package->file, error);
}

static void load(struct package *package, const char *net)
{
    struct adapter_options options = {.bus = package->bus, .net = net, .seed = native_seed};
    char error[512];

    package->driver = ndis_driver_load(package->file, NULL, error, sizeof(error));
    package->adapter =
        package->driver ? ndis_adapter_add(package->driver, &options, error, sizeof(error)) : NULL;
    if (!package->adapter || adapter_start(package->adapter, error, sizeof(error)))
        complain(package, error);
}

static uint64_t received(const struct package *package)
{
    uint64_t sent, got;

    adapter_frames(package->adapter, &sent, &got);
    return sent && got ? got : 0;
}

/* More frames come. */
static bool goes_on(const struct package *package)
{
    uint64_t before = received(package);

    for (unsigned i = 0; i < PATIENCE && received(package) <= before + 100; i++)
        usleep(10000);
    return received(package) > before + 100;
}

static bool finishes(const struct package *package)
{
    for (unsigned i = 0; i < PATIENCE && !adapter_finished(package->adapter); i++)
        usleep(10000);
    return adapter_finished(package->adapter);
}

/* Each frame is accounted for, its content too. */
static void unload(struct package *package)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct net *net = adapter_net(package->adapter);

    adapter_stop(package->adapter);
    if (!out || net->ops->verdict(net, out)) {
        fclose(out);
        complain(package, text);
    } else {
        fclose(out);
    }
    free(text);
    ndis_adapter_remove(package->adapter);
    ndis_driver_unload(package->driver);
}

static void one_goes(struct package *stays, struct package *goes)
{
    load(stays, "gen:rate=2000");
    load(goes, "gen:count=500");
    if (native_failures)
        return;
    EXPECT(finishes(goes) && goes_on(stays));
    unload(goes);
    EXPECT(goes_on(stays));
    load(goes, "gen:count=500");
    if (native_failures)
        return;
    EXPECT(finishes(goes) && goes_on(stays));
    unload(stays);
    unload(goes);
}

int main(void)
{
    uint64_t seed;

    rules_enabled = true;
    native_start(&seed);
    one_goes(&packages[0], &packages[1]);
    EXPECT(!rules_violations() && !track_report_leaks(stderr));
    native_end("together-aerovnetm-is-loaded-again");
    if (native_failed_tests)
        return 1; /* an adapter may still run: nothing can be taken down */
    one_goes(&packages[1], &packages[0]);
    EXPECT(!rules_violations() && !track_report_leaks(stderr));
    native_end("together-aerovnet-is-loaded-again");
    return native_failed_tests ? 1 : native_stop();
}
