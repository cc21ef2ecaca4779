/* SPDX-License-Identifier: MIT */
/* The registry as Windows 7 has it when a network adapter is installed; see install.h. */
#include "ndis/adapter/install.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "inf/install.h"
#include "nt/api/log.h"
#include "nt/api/registry.h"

#define NETWORK_KEY    REGISTRY_CONTROL "\\Network\\" REGISTRY_NET_GUID
#define PATH_MAX_HERE  512
#define IDS_MAX        9
#define ID_LENGTH      96

#define SERVICE_KERNEL 1u
#define SERVICE_DEMAND 3u
#define ERROR_NORMAL   1u

#define NCF_VIRTUAL    0x01u
#define NCF_PHYSICAL   0x04u
#define NCF_HAS_UI     0x80u

static int no_memory(char *error, size_t error_size)
{
    snprintf(error, error_size, "out of memory");
    return -1;
}

/* ---- The driver ---- */

/* "aerovnet" of "aerovnet.sys" */
static void service_of_file(const struct ndis_driver *driver, char name[INF_NAME_MAX])
{
    const char *file = image_name(driver->image);

    snprintf(name, INF_NAME_MAX, "%.*s", (int)strcspn(file, "."), file);
}

static int name_registry_path(struct ndis_driver *driver)
{
    char *path = registry_path(driver->key);
    size_t units;

    driver->registry_path_text = path ? registry_widen(path, &units) : NULL;
    free(path);
    if (!driver->registry_path_text)
        return -1;
    driver->registry_path.Buffer = driver->registry_path_text;
    driver->registry_path.Length = (USHORT)(units * sizeof(WCHAR));
    driver->registry_path.MaximumLength = (USHORT)(driver->registry_path.Length + sizeof(WCHAR));
    return 0;
}

int install_driver(struct ndis_driver *driver, const struct inf *inf, char *error,
                   size_t error_size)
{
    char name[INF_NAME_MAX] = "", path[PATH_MAX_HERE];
    struct inf_model model;

    if (inf && (inf_choose(inf, NULL, &model, error, error_size) ||
                inf_service(inf, &model, name, error, error_size)))
        return -1;
    if (!*name)
        service_of_file(driver, name);
    driver->inf = inf;
    snprintf(path, sizeof(path), REGISTRY_SERVICES "\\%s", name);
    driver->key = registry_create(NULL, path, NULL);
    driver->parameters = driver->key ? registry_create(driver->key, "Parameters", NULL) : NULL;
    snprintf(path, sizeof(path), "\\SystemRoot\\System32\\drivers\\%s", image_name(driver->image));
    if (!driver->parameters || registry_set_string(driver->key, "ImagePath", path) ||
        registry_set_string(driver->key, "DisplayName", name) ||
        registry_set_string(driver->key, "Group", "NDIS") ||
        registry_set_number(driver->key, "Type", SERVICE_KERNEL) ||
        registry_set_number(driver->key, "Start", SERVICE_DEMAND) ||
        registry_set_number(driver->key, "ErrorControl", ERROR_NORMAL) ||
        name_registry_path(driver))
        return no_memory(error, error_size);
    return 0;
}

/* ---- The device's ids ---- */

struct ids {
    char text[IDS_MAX][ID_LENGTH];
    const char *list[IDS_MAX + 1]; /* most specific first */
    unsigned hardware;             /* of them hardware ids; the rest are compatible ids */
};

/* "Identifiers for PCI Devices" */
static void pci_ids(struct ndis_adapter *adapter, struct ids *ids)
{
    struct bus *bus = adapter->bus;
    uint32_t device = bus->ops->config_read(bus, 0, 4), subsystem, class;
    char head[32], sub[32], rev[16];
    unsigned i, count = 0;

    subsystem = bus->ops->config_read(bus, 0x2C, 4);
    class = bus->ops->config_read(bus, 0x08, 4);
    snprintf(head, sizeof(head), "PCI\\VEN_%04X&DEV_%04X", device & 0xFFFF, device >> 16);
    snprintf(sub, sizeof(sub), "&SUBSYS_%08X", subsystem);
    snprintf(rev, sizeof(rev), "&REV_%02X", class & 0xFF);
    snprintf(ids->text[count++], ID_LENGTH, "%s%s%s", head, sub, rev);
    snprintf(ids->text[count++], ID_LENGTH, "%s%s", head, sub);
    snprintf(ids->text[count++], ID_LENGTH, "%s&CC_%06X", head, class >> 8);
    snprintf(ids->text[count++], ID_LENGTH, "%s&CC_%04X", head, class >> 16);
    ids->hardware = count;
    snprintf(ids->text[count++], ID_LENGTH, "%s%s", head, rev);
    snprintf(ids->text[count++], ID_LENGTH, "%s", head);
    snprintf(ids->text[count++], ID_LENGTH, "PCI\\VEN_%04X", device & 0xFFFF);
    snprintf(ids->text[count++], ID_LENGTH, "PCI\\CC_%06X", class >> 8);
    snprintf(ids->text[count++], ID_LENGTH, "PCI\\CC_%04X", class >> 16);
    for (i = 0; i < count; i++)
        ids->list[i] = ids->text[i];
}

/* A device that Windows' root enumerator made because somebody installed the driver; the id is what they gave. */
static void root_ids(const struct ndis_adapter *adapter, const char *id, struct ids *ids)
{
    char service[INF_NAME_MAX];

    service_of_file(adapter->driver, service);
    if (*id)
        snprintf(ids->text[0], ID_LENGTH, "%s", id);
    else
        snprintf(ids->text[0], ID_LENGTH, "ROOT\\%.*s", ID_LENGTH - 8, service);
    ids->list[0] = ids->text[0];
    ids->hardware = 1;
}

/* Without an id of its own a device that nobody built is the first one that the INF is for. */
static int device_ids(struct ndis_adapter *adapter, struct ids *ids, char *error, size_t error_size)
{
    const struct inf *inf = adapter->driver->inf;
    struct inf_model model = {.id = ""};

    memset(ids, 0, sizeof(*ids));
    if (!adapter->bus->no_device) {
        pci_ids(adapter, ids);
        return 0;
    }
    if (inf && !*adapter->bus->id && inf_choose(inf, NULL, &model, error, error_size))
        return -1;
    root_ids(adapter, *adapter->bus->id ? adapter->bus->id : model.id, ids);
    return 0;
}

/* ---- The adapter ---- */

/* A REG_MULTI_SZ of `count` strings. */
static int set_strings(struct registry_key *key, const char *name, const char *const *strings,
                       unsigned count)
{
    char *data = NULL;
    size_t size;
    FILE *out = open_memstream(&data, &size);
    int failed = -1;
    unsigned i;

    if (!out)
        return -1;
    for (i = 0; i < count; i++) {
        size_t units;
        WCHAR *wide = registry_widen(strings[i], &units);

        if (wide)
            fwrite(wide, sizeof(WCHAR), units + 1, out);
        free(wide);
    }
    fwrite("\0", 1, 2, out);
    if (!fclose(out))
        failed = registry_set(key, name, REG_MULTI_SZ, data, (uint32_t)size);
    free(data);
    return failed;
}

/* NetCfgInstanceId: from the seed alone, so that a run can be replayed. */
static void instance_id(const struct ndis_adapter *adapter, char text[40])
{
    struct random random;
    uint64_t high, low;

    random_seed(&random, adapter->seed ^ 0x4E6574436667u);
    high = random_next(&random);
    low = random_next(&random);
    snprintf(text, 40, "{%08" PRIX64 "-%04X-4%03X-%04X-%012" PRIX64 "}", high >> 32,
             (unsigned)(high >> 16) & 0xFFFF, (unsigned)high & 0xFFF,
             ((unsigned)(low >> 48) & 0x3FFF) | 0x8000, low & (uint64_t)0xFFFFFFFFFFFF);
}

/* What the class installer writes for an adapter whose INF says nothing else. */
static int seed_driver_key(struct ndis_adapter *adapter, const struct ids *ids, const char *id)
{
    struct registry_key *key = adapter->key;
    char service[INF_NAME_MAX], description[INF_NAME_MAX + 32], device[64];
    struct registry_key *linkage = registry_create(key, "Linkage", NULL);
    const char *export = device, *root = id, *bind = "Tcpip";
    bool no_device = adapter->bus->no_device;

    service_of_file(adapter->driver, service);
    snprintf(description, sizeof(description), "%s network adapter", service);
    snprintf(device, sizeof(device), "\\Device\\%s", id);
    return !linkage || registry_set_string(key, "DriverDesc", description) ||
           registry_set_string(key, "ProviderName", "ndishost") ||
           registry_set_string(key, "InfPath", "oem0.inf") ||
           registry_set_string(key, "MatchingDeviceId", ids->list[0]) ||
           registry_set_string(key, "ComponentId", ids->list[0]) ||
           registry_set_string(key, "NetCfgInstanceId", id) ||
           registry_set_number(key, "Characteristics",
                               NCF_HAS_UI | (no_device ? NCF_VIRTUAL : NCF_PHYSICAL)) ||
           (!no_device && registry_set_number(key, "BusType", 5)) || /* PCIBus */
           registry_set_number(key, "*IfType", 6) ||                 /* IF_TYPE_ETHERNET_CSMACD */
           registry_set_number(key, "*MediaType", NdisMedium802_3) ||
           registry_set_number(key, "*PhysicalMediaType", NdisPhysicalMedium802_3) ||
           registry_set_number(key, "NetLuidIndex", adapter->index + 1) ||
           set_strings(linkage, "Export", &export, 1) ||
           set_strings(linkage, "RootDevice", &root, 1) ||
           set_strings(linkage, "UpperBind", &bind, 1);
}

static int seed_device_key(struct ndis_adapter *adapter, struct registry_key *device,
                           const struct ids *ids)
{
    char *path = registry_path(adapter->driver->key), driver[64];
    unsigned compatible = ids->hardware;
    int failed;

    while (ids->list[compatible])
        compatible++;
    compatible -= ids->hardware;
    snprintf(driver, sizeof(driver), REGISTRY_NET_GUID "\\%04u", adapter->index);
    failed = !path || set_strings(device, "HardwareID", ids->list, ids->hardware) ||
             set_strings(device, "CompatibleIDs", ids->list + ids->hardware, compatible) ||
             registry_set_string(device, "Service", strrchr(path, '\\') + 1) ||
             registry_set_string(device, "Class", "Net") ||
             registry_set_string(device, "ClassGUID", REGISTRY_NET_GUID) ||
             registry_set_string(device, "Driver", driver);
    free(path);
    return failed;
}

/* The name that the Network Connections folder shows. */
static int seed_connection(const struct ndis_adapter *adapter, const char *id, const char *instance)
{
    char path[PATH_MAX_HERE], name[64];
    struct registry_key *key;

    snprintf(path, sizeof(path), NETWORK_KEY "\\%s\\Connection", id);
    key = registry_create(NULL, path, NULL);
    snprintf(name, sizeof(name),
             adapter->index ? "Local Area Connection %u" : "Local Area Connection",
             adapter->index + 1);
    return !key || registry_set_string(key, "Name", name) ||
           registry_set_string(key, "PnpInstanceID", instance);
}

static int seed_class(void)
{
    struct registry_key *class = registry_create(NULL, REGISTRY_NET_CLASS, NULL);

    return !class || registry_set_string(class, "Class", "Net") ||
           registry_set_string(class, "", "Network adapters");
}

static int seed(struct ndis_adapter *adapter, const struct ids *ids)
{
    char path[PATH_MAX_HERE], instance[160], id[40];
    struct registry_key *device;

    instance_id(adapter, id);
    if (adapter->bus->no_device)
        snprintf(instance, sizeof(instance), "ROOT\\NET\\%04u", adapter->index);
    else
        snprintf(instance, sizeof(instance), "%s\\3&%07X&0&%02X", ids->list[1],
                 (unsigned)adapter->seed & 0xFFFFFFF,
                 adapter->bus->slot << 3 | adapter->bus->function);
    snprintf(path, sizeof(path), REGISTRY_ENUM "\\%s", instance);
    device = registry_create(NULL, path, NULL);
    adapter->hardware_key = device ? registry_create(device, "Device Parameters", NULL) : NULL;
    snprintf(path, sizeof(path), REGISTRY_NET_CLASS "\\%04u", adapter->index);
    adapter->key = registry_create(NULL, path, NULL);
    adapter->device_key = device;
    return seed_class() || !adapter->hardware_key || !adapter->key ||
           registry_set_string(adapter->key, "DeviceInstanceID", instance) ||
           seed_driver_key(adapter, ids, id) || seed_device_key(adapter, device, ids) ||
           seed_connection(adapter, id, instance);
}

int install_adapter(struct ndis_adapter *adapter, char *error, size_t error_size)
{
    const struct inf *inf = adapter->driver->inf;
    struct registry_value description;
    struct inf_model model;
    struct ids ids;

    if (device_ids(adapter, &ids, error, error_size))
        return -1;
    if (seed(adapter, &ids))
        return no_memory(error, error_size);
    if (inf) {
        if (inf_choose(inf, ids.list, &model, error, error_size) ||
            inf_install(inf, &model, adapter->key, adapter->hardware_key, error, error_size))
            return -1;
        if (!model.matches && !nt_log_quiet)
            fprintf(stderr,
                    "ndishost: %s: the INF has no model for %s; what \"%s\" (%s) installs is "
                    "taken\n",
                    adapter->name, ids.list[0], model.description, model.id);
    }
    if (!registry_get(adapter->key, "DriverDesc", &description))
        return no_memory(error, error_size);
    registry_set(adapter->device_key, "DeviceDesc", description.type, description.data,
                 description.bytes);
    registry_value_free(&description);
    return 0;
}
