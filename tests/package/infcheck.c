// SPDX-License-Identifier: MIT
/*
 * infcheck.exe INF x64|x86 SEARCHED.INF: has setupapi itself, of Windows or of Wine, say what an INF comes to
 * on that architecture: the device it is for, the section it installs, files, registry, service, event
 * source. It prints one line per check: ok NAME, or FAIL NAME: why. Exit status 1 if one failed.
 *
 * It installs three things, for the test alone. The registry lines go to a key of the test's own
 * (HKCU\Software\aerovnet-infcheck), the file to a folder beside the INF. The service goes to this Windows,
 * and is deleted at the end.
 *
 * SEARCHED.INF is the same INF with its models' decoration cut to NTamd64: Wine's search for drivers,
 * unlike Windows', knows no version of Windows in a decoration, and searches for x64 only.
 */
#include <windows.h>

#include <setupapi.h>

#include <stdarg.h>
#include <stdio.h>
#include <wchar.h>

#define TEXT_SIZE 512
#define KEY       L"Software\\aerovnet-infcheck"

static const GUID net_class = {
    0x4d36e972, 0xe325, 0x11ce, {0xbf, 0xc1, 0x08, 0x00, 0x2b, 0xe1, 0x03, 0x18}};

static HINF inf;
static wchar_t path[MAX_PATH], searched[MAX_PATH];

/* What the INF's name decides: aerovnet.inf is for the transitional device, aerovnetm.inf for the modern. */
static wchar_t driver[32], file[64], catalog[64], event_file[160];
static const wchar_t *device_id, *other_id;
static int failures;

// One line; `why` is used if it is not good.
static void check(const char *name, BOOL good, const char *why, ...)
{
    va_list list;

    if (good) {
        printf("ok %s\n", name);
        fflush(stdout); // or all is lost when the time is up
        return;
    }
    failures++;
    printf("FAIL %s: ", name);
    va_start(list, why);
    vprintf(why, list);
    va_end(list);
    printf("\n");
    fflush(stdout);
}

// A field of a line, strings and directory ids in it resolved; "" if there is none. Field 0 is the key.
static const wchar_t *field(INFCONTEXT *line, DWORD number)
{
    static wchar_t text[4][TEXT_SIZE];
    static unsigned int next;
    wchar_t *out = text[next++ % 4];

    if (!SetupGetStringFieldW(line, number, out, TEXT_SIZE, NULL)) {
        out[0] = 0;
    }
    return out;
}

static BOOL same(const wchar_t *a, const wchar_t *b)
{
    return _wcsicmp(a, b) == 0;
}

// The first field of section's line `key`; "" if there is none.
static const wchar_t *value(const wchar_t *section, const wchar_t *key)
{
    INFCONTEXT line;

    if (!SetupFindFirstLineW(inf, section, key, &line)) {
        return L"";
    }
    return field(&line, 1);
}

static void expect_value(const char *name, const wchar_t *section, const wchar_t *key,
                         const wchar_t *expected)
{
    const wchar_t *found = value(section, key);

    check(name, same(found, expected), "[%ls] %ls is '%ls', not '%ls'", section, key, found,
          expected);
}

static void check_version(void)
{
    const wchar_t *version = value(L"Version", L"DriverVer");
    const wchar_t *named = value(L"Version", L"CatalogFile");
    INFCONTEXT line;
    int month, day, year, number[4];

    expect_value("class Net", L"Version", L"Class", L"Net");
    expect_value("class's GUID", L"Version", L"ClassGUID",
                 L"{4d36e972-e325-11ce-bfc1-08002be10318}");
    expect_value("CatalogFile", L"Version", L"CatalogFile", catalog);
    check("Provider", *value(L"Version", L"Provider") != 0, "there is none");
    check("one catalog", *named && !*value(L"Version", L"CatalogFile.NT"),
          "CatalogFile.NT as well");
    if (!SetupFindFirstLineW(inf, L"Version", L"DriverVer", &line)) {
        check("DriverVer", FALSE, "there is none");
        return;
    }
    version = field(&line, 2);
    check("DriverVer",
          swscanf(field(&line, 1), L"%d/%d/%d", &month, &day, &year) == 3 && month >= 1 &&
              month <= 12 && day >= 1 && day <= 31 && year >= 1980 &&
              swscanf(version, L"%d.%d.%d.%d", &number[0], &number[1], &number[2], &number[3]) == 4,
          "'%ls,%ls' is not month/day/year,a.b.c.d", field(&line, 1), version);
}

// Walks every line of every section: no string may stay unresolved, no device be the other driver's.
static void check_strings(void)
{
    static wchar_t names[8192];
    wchar_t *name;
    INFCONTEXT line;
    DWORD number;
    int sections = 0, unresolved = 0, foreign = 0;

    // setupapi as documented has no way to list sections; the profile functions do.
    if (!GetPrivateProfileSectionNamesW(names, sizeof(names) / sizeof(names[0]), path)) {
        check("sections", FALSE, "none found");
        return;
    }
    for (name = names; *name; name += wcslen(name) + 1) {
        if (!SetupFindFirstLineW(inf, name, NULL, &line)) {
            continue;
        }
        sections++;
        do {
            for (number = 0; number <= SetupGetFieldCount(&line); number++) {
                const wchar_t *text = field(&line, number);
                const wchar_t *percent = wcschr(text, L'%');

                foreign += wcsstr(text, other_id) != NULL;
                // %SystemRoot% is for the reader of the registry.
                while (percent && _wcsnicmp(percent, L"%SystemRoot%", 12) == 0) {
                    percent = wcschr(percent + 12, L'%');
                }
                if (percent) {
                    unresolved++;
                    printf("unresolved in [%ls]: %ls\n", name, text);
                }
            }
        } while (SetupFindNextLine(&line, &line));
    }
    check("every string resolved", sections > 5 && unresolved == 0, "%d unresolved in %d sections",
          unresolved, sections);
    check("nothing about the other driver's device", foreign == 0, "%d fields", foreign);
}

// The install section of a hardware id in the models of this architecture; "" if it is not there.
static const wchar_t *install_section(const wchar_t *decoration, const wchar_t *id)
{
    INFCONTEXT maker, model;
    wchar_t models[TEXT_SIZE];
    DWORD number;

    if (!SetupFindFirstLineW(inf, L"Manufacturer", NULL, &maker)) {
        return L"";
    }
    do {
        for (number = 2; number <= SetupGetFieldCount(&maker); number++) {
            if (!same(field(&maker, number), decoration)) {
                continue;
            }
            swprintf(models, TEXT_SIZE, L"%ls.%ls", field(&maker, 1), decoration);
            if (!SetupFindFirstLineW(inf, models, NULL, &model)) {
                continue;
            }
            do {
                DWORD place;

                for (place = 2; place <= SetupGetFieldCount(&model); place++) {
                    if (same(field(&model, place), id)) {
                        return field(&model, 1);
                    }
                }
            } while (SetupFindNextLine(&model, &model));
        }
    } while (SetupFindNextLine(&maker, &maker));
    return L"";
}

// The section that is installed: with the architecture's decoration, or .NT, or bare.
static BOOL actual_section(const wchar_t *section, BOOL x64, wchar_t *out)
{
    static const wchar_t *const endings[] = {L".NTx86", L".NT", L""};
    int i;

    if (x64) {
        return SetupDiGetActualSectionToInstallW(inf, section, out, TEXT_SIZE, NULL, NULL) &&
               SetupGetLineCountW(inf, out) > 0;
    }
    // setupapi answers for the architecture that it runs on; the other is looked up by its rule.
    for (i = 0; i < 3; i++) {
        swprintf(out, TEXT_SIZE, L"%ls%ls", section, endings[i]);
        if (SetupGetLineCountW(inf, out) > 0) {
            return TRUE;
        }
    }
    return FALSE;
}

// How setupapi itself ranks the INF for a device with that id: the number of drivers it finds.
static int drivers_for(const wchar_t *id, wchar_t *section)
{
    HDEVINFO set = SetupDiCreateDeviceInfoList(&net_class, NULL);
    SP_DEVINFO_DATA device = {.cbSize = sizeof(device)};
    SP_DEVINSTALL_PARAMS_W params = {.cbSize = sizeof(params)};
    SP_DRVINFO_DATA_W driver = {.cbSize = sizeof(driver)};
    union {
        SP_DRVINFO_DETAIL_DATA_W data;
        char room[4096];
    } detail;
    wchar_t ids[128] = {0};
    int count = 0;

    wcscpy(ids, id);
    if (!SetupDiCreateDeviceInfoW(set, L"infcheck", &net_class, NULL, NULL, DICD_GENERATE_ID,
                                  &device) ||
        !SetupDiSetDeviceRegistryPropertyW(set, &device, SPDRP_HARDWAREID, (BYTE *)ids,
                                           (wcslen(ids) + 2) * sizeof(wchar_t)) ||
        !SetupDiGetDeviceInstallParamsW(set, &device, &params)) {
        SetupDiDestroyDeviceInfoList(set);
        return -1;
    }
    wcscpy(params.DriverPath, searched);
    params.Flags |= DI_ENUMSINGLEINF;
    SetupDiSetDeviceInstallParamsW(set, &device, &params);
    if (SetupDiBuildDriverInfoList(set, &device, SPDIT_COMPATDRIVER)) {
        while (SetupDiEnumDriverInfoW(set, &device, SPDIT_COMPATDRIVER, count, &driver)) {
            detail.data.cbSize = sizeof(detail.data);
            if (SetupDiGetDriverInfoDetailW(set, &device, &driver, &detail.data, sizeof(detail),
                                            NULL)) {
                wcscpy(section, detail.data.SectionName);
            }
            count++;
        }
    }
    SetupDiDestroyDeviceInfoList(set);
    return count;
}

static void check_device(BOOL x64, wchar_t *actual)
{
    const wchar_t *decoration = x64 ? L"NTamd64.6.1" : L"NTx86.6.1";
    wchar_t section[TEXT_SIZE], chosen[TEXT_SIZE] = L"";
    int count;

    wcscpy(section, install_section(decoration, device_id));
    check("its device", *section != 0, "no model of %ls has %ls", decoration, device_id);
    check("no other virtio device", !*install_section(decoration, other_id), "%ls has %ls",
          decoration, other_id);
    if (!*section || !actual_section(section, x64, actual)) {
        actual[0] = 0;
    }
    check("its install section", *actual != 0, "[%ls] is not there", section);
    count = drivers_for(device_id, chosen);
    check("setupapi finds the driver for the device", count == 1 && same(chosen, section),
          "%d drivers, section '%ls'", count, chosen);
    count = drivers_for(other_id, chosen);
    check("setupapi finds none for the other device", count == 0, "%d drivers", count);
}

static void check_ndis(const wchar_t *section)
{
    expect_value("Characteristics", section, L"Characteristics", L"0x84");
    expect_value("BusType", section, L"BusType", L"5");
    expect_value("*IfType", section, L"*IfType", L"6");
    expect_value("*MediaType", section, L"*MediaType", L"0");
    expect_value("*PhysicalMediaType", section, L"*PhysicalMediaType", L"14");
}

static const wchar_t *registry(HKEY root, const wchar_t *key, const wchar_t *name)
{
    static wchar_t text[TEXT_SIZE];
    DWORD size = sizeof(text) - sizeof(wchar_t);
    HKEY open;

    memset(text, 0, sizeof(text));
    if (RegOpenKeyExW(root, key, 0, KEY_READ, &open) == ERROR_SUCCESS) {
        RegQueryValueExW(open, name, NULL, NULL, (BYTE *)text, &size);
        RegCloseKey(open);
    }
    return text;
}

static void expect_registry(const char *name, HKEY root, const wchar_t *key, const wchar_t *entry,
                            const wchar_t *expected)
{
    const wchar_t *found = registry(root, key, entry);

    check(name, same(found, expected), "%ls\\%ls is '%ls', not '%ls'", key, entry, found, expected);
}

// A keyword's own key: a text, a type, a default; what its type asks for besides.
static void check_keyword(HKEY root, const wchar_t *keyword)
{
    wchar_t key[TEXT_SIZE], type[32];
    const wchar_t *missing = NULL;
    const wchar_t *const numbers[] = {L"min", L"max", L"step"};
    char name[128];
    int i;

    swprintf(key, TEXT_SIZE, L"Ndi\\Params\\%ls", keyword);
    wcscpy(type, registry(root, key, L"Type"));
    if (!*registry(root, key, L"ParamDesc")) {
        missing = L"ParamDesc";
    } else if (same(type, L"edit")) {
        missing = *registry(root, key, L"LimitText") ? NULL : L"LimitText";
    } else if (same(type, L"int") || same(type, L"dword") || same(type, L"long")) {
        for (i = 0; i < 3; i++) {
            missing = *registry(root, key, numbers[i]) ? missing : numbers[i];
        }
        missing = *registry(root, key, L"Default") ? missing : L"Default";
    } else if (same(type, L"enum")) {
        wchar_t choice[TEXT_SIZE], chosen[64];

        wcscpy(chosen, registry(root, key, L"Default"));
        swprintf(choice, TEXT_SIZE, L"%ls\\enum", key);
        missing = *chosen && *registry(root, choice, chosen) ? NULL : L"a text for its default";
    } else {
        missing = L"a known type";
    }
    snprintf(name, sizeof(name), "keyword %ls, %ls", keyword, type);
    check(name, missing == NULL, "it lacks %ls", missing);
}

static void check_registry(const wchar_t *section)
{
    HKEY root, params;
    wchar_t keyword[TEXT_SIZE];
    DWORD index, size;

    RegDeleteTreeW(HKEY_CURRENT_USER, KEY);
    RegCreateKeyExW(HKEY_CURRENT_USER, KEY, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &root, NULL);
    check("setupapi writes its registry lines",
          SetupInstallFromInfSectionW(NULL, inf, section, SPINST_REGISTRY, root, NULL, 0, NULL,
                                      NULL, NULL, NULL),
          "error 0x%lx", GetLastError());
    expect_registry("Ndi\\Service", root, L"Ndi", L"Service", driver);
    expect_registry("UpperRange", root, L"Ndi\\Interfaces", L"UpperRange", L"ndis5");
    expect_registry("LowerRange", root, L"Ndi\\Interfaces", L"LowerRange", L"ethernet");
    index = 0;
    if (RegOpenKeyExW(root, L"Ndi\\Params", 0, KEY_READ, &params) == ERROR_SUCCESS) {
        while (size = TEXT_SIZE, RegEnumKeyExW(params, index, keyword, &size, NULL, NULL, NULL,
                                               NULL) == ERROR_SUCCESS) {
            check_keyword(root, keyword);
            index++;
        }
        RegCloseKey(params);
    }
    check("keywords", index > 0, "the registry key has no keywords");
    RegCloseKey(root);
    RegDeleteTreeW(HKEY_CURRENT_USER, KEY);
}

// The default one, but it asks nobody for a disk or a missing file.
static UINT CALLBACK copy_unasked(void *context, UINT what, UINT_PTR one, UINT_PTR two)
{
    wchar_t file[MAX_PATH];

    if (what == SPFILENOTIFY_COPYERROR) {
        return FILEOP_ABORT;
    }
    if (what == SPFILENOTIFY_NEEDMEDIA) {
        const SOURCE_MEDIA_W *media = (const SOURCE_MEDIA_W *)one;

        swprintf(file, MAX_PATH, L"%ls\\%ls", media->SourcePath, media->SourceFile);
        return GetFileAttributesW(file) != INVALID_FILE_ATTRIBUTES ? FILEOP_DOIT : FILEOP_ABORT;
    }
    return SetupDefaultQueueCallbackW(context, what, one, two);
}

// Copies what CopyFiles names, from beside the INF, and looks whether it came.
static void check_files(const wchar_t *section)
{
    const wchar_t *list = value(section, L"CopyFiles");
    wchar_t folder[MAX_PATH], target[MAX_PATH], copy[MAX_PATH], *end;
    INFCONTEXT line;
    HSPFILEQ queue = SetupOpenFileQueue();
    void *context = SetupInitDefaultQueueCallbackEx(NULL, INVALID_HANDLE_VALUE, 0, 0, NULL);
    BOOL copied;

    check("CopyFiles", *list && SetupFindFirstLineW(inf, list, NULL, &line),
          "[%ls] names no section of files", section);
    check("its file", *list && same(field(&line, 1), file), "it is '%ls'", field(&line, 1));
    check("where it goes", SetupGetTargetPathW(inf, NULL, list, target, MAX_PATH, NULL), "nowhere");
    GetSystemDirectoryW(copy, MAX_PATH);
    wcscat(copy, L"\\drivers");
    check("where it goes is drivers", same(target, copy), "'%ls', not '%ls'", target, copy);
    wcscpy(folder, path);
    end = wcsrchr(folder, L'\\');
    *end = 0;
    wcscat(copy, L"\\");
    wcscat(copy, file);
    DeleteFileW(copy);
    copied =
        SetupInstallFilesFromInfSectionW(inf, NULL, queue, section, folder, SP_COPY_FORCE_NEWER) &&
        SetupCommitFileQueueW(NULL, queue, copy_unasked, context);
    check("setupapi copies it", copied && GetFileAttributesW(copy) != INVALID_FILE_ATTRIBUTES,
          "error 0x%lx", GetLastError());
    DeleteFileW(copy);
    SetupCloseFileQueue(queue);
    SetupTermDefaultQueueCallback(context);
}

static void remove_service(void)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
    SC_HANDLE service = OpenServiceW(manager, driver, DELETE);

    if (service) {
        DeleteService(service);
        CloseServiceHandle(service);
    }
    CloseServiceHandle(manager);
}

static void check_service(const wchar_t *section)
{
    wchar_t services[TEXT_SIZE];
    union {
        QUERY_SERVICE_CONFIGW data;
        char room[8192];
    } config;
    DWORD size;
    SC_HANDLE manager, service;
    BOOL found;

    swprintf(services, TEXT_SIZE, L"%ls.Services", section);
    remove_service();
    check("setupapi makes the service", SetupInstallServicesFromInfSectionW(inf, services, 0),
          "error 0x%lx", GetLastError());
    manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
    service = OpenServiceW(manager, driver, SERVICE_QUERY_CONFIG);
    found = service && QueryServiceConfigW(service, &config.data, sizeof(config), &size);
    check("the service", found, "there is none");
    if (found) {
        const wchar_t *binary = wcsrchr(config.data.lpBinaryPathName, L'\\');

        check("kernel driver, on demand, normal errors",
              config.data.dwServiceType == SERVICE_KERNEL_DRIVER &&
                  config.data.dwStartType == SERVICE_DEMAND_START &&
                  config.data.dwErrorControl == SERVICE_ERROR_NORMAL,
              "%lu, %lu, %lu", config.data.dwServiceType, config.data.dwStartType,
              config.data.dwErrorControl);
        check("its file is the driver", binary && same(binary + 1, file), "it is %ls",
              config.data.lpBinaryPathName);
        check("its group is NDIS", same(config.data.lpLoadOrderGroup, L"NDIS"), "it is %ls",
              config.data.lpLoadOrderGroup);
        check("its name for people",
              *config.data.lpDisplayName && !wcschr(config.data.lpDisplayName, L'%'), "it is '%ls'",
              config.data.lpDisplayName);
    }
    CloseServiceHandle(service);
    CloseServiceHandle(manager);
    remove_service();
}

// The section that AddService names fourth: an install section, whose AddReg makes the event source.
static void check_event_source(const wchar_t *section)
{
    wchar_t services[TEXT_SIZE], events[TEXT_SIZE] = L"";
    INFCONTEXT line;
    HKEY root;
    DWORD flags = 0;

    swprintf(services, TEXT_SIZE, L"%ls.Services", section);
    if (SetupFindFirstLineW(inf, services, L"AddService", &line)) {
        wcscpy(events, field(&line, 4));
        flags = wcstoul(field(&line, 2), NULL, 0);
        check("AddService names the service", same(field(&line, 1), driver), "it names %ls",
              field(&line, 1));
    }
    check("the device's own service (SPSVCINST_ASSOCSERVICE)", flags == 2, "the flags are 0x%lx",
          flags);
    RegDeleteTreeW(HKEY_CURRENT_USER, KEY);
    RegCreateKeyExW(HKEY_CURRENT_USER, KEY, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &root, NULL);
    SetupInstallFromInfSectionW(NULL, inf, events, SPINST_REGISTRY, root, NULL, 0, NULL, NULL, NULL,
                                NULL);
    expect_registry("event source", root, L"", L"EventMessageFile", event_file);
    check("event types", *(const DWORD *)registry(root, L"", L"TypesSupported") == 7,
          "not errors, warnings and information (7)");
    RegCloseKey(root);
    RegDeleteTreeW(HKEY_CURRENT_USER, KEY);
}

// Names and ids by the INF's file name.
static void set_names(void)
{
    const wchar_t *name = wcsrchr(path, L'\\');
    BOOL modern;

    name = name ? name + 1 : path;
    swprintf(driver, 32, L"%.*ls", (int)wcscspn(name, L"."), name);
    modern = same(driver, L"aerovnetm");
    swprintf(file, 64, L"%ls.sys", driver);
    swprintf(catalog, 64, L"%ls.cat", driver);
    swprintf(event_file, 160,
             L"%%SystemRoot%%\\System32\\drivers\\%ls;%%SystemRoot%%\\System32\\netevent.dll",
             file);
    device_id = modern ? L"PCI\\VEN_1AF4&DEV_1041" : L"PCI\\VEN_1AF4&DEV_1000";
    other_id = modern ? L"PCI\\VEN_1AF4&DEV_1000" : L"PCI\\VEN_1AF4&DEV_1041";
}

int wmain(int argc, wchar_t **argv)
{
    wchar_t section[TEXT_SIZE];
    UINT line = 0;
    BOOL x64;

    if (argc != 4 || !(same(argv[2], L"x64") || same(argv[2], L"x86"))) {
        printf("usage: infcheck.exe INF x64|x86 SEARCHED.INF\n");
        return 2;
    }
    x64 = same(argv[2], L"x64");
    GetFullPathNameW(argv[1], MAX_PATH, path, NULL);
    GetFullPathNameW(argv[3], MAX_PATH, searched, NULL);
    set_names();
    inf = SetupOpenInfFileW(path, L"Net", INF_STYLE_WIN4, &line);
    check("setupapi reads the INF", inf != INVALID_HANDLE_VALUE, "error 0x%lx in line %u",
          GetLastError(), line);
    if (inf == INVALID_HANDLE_VALUE) {
        return 1;
    }
    check_version();
    check_strings();
    check_device(x64, section);
    if (*section) {
        check_ndis(section);
        check_registry(section);
        check_files(section);
        check_service(section);
        check_event_source(section);
    }
    SetupCloseInfFile(inf);
    return failures > 0;
}
