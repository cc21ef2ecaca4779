// SPDX-License-Identifier: MIT
/*
 * standin.exe: stands in for the tools of Windows 7 that install.cmd and uninstall.cmd start, under Wine.
 * A copy's name says which one it is: pnputil, certutil, bcdedit, sc, fc, findstr, icacls. It appends each
 * command line to %STANDIN_LOG%.
 *
 * pnputil keeps a driver store below %STANDIN_ROOT%, since Wine resets %SystemRoot% in each process. With -i it
 * binds the cards below Enum\PCI, as plug and play does. The environment says how it behaves:
 *   STANDIN_STATUS   its exit status
 *   STANDIN_STORE    "no": it stores nothing; "old": it stores another .sys
 *   STANDIN_BIND     "no": cards keep their driver; "old": they get our service and another .sys
 *   STANDIN_CERTUTIL, STANDIN_BCDEDIT, STANDIN_ICACLS   exit status of those
 */
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CURRENT "SYSTEM\\CurrentControlSet\\"
#define CLASS   "{4d36e972-e325-11ce-bfc1-08002be10318}"

static const char *setting(const char *name)
{
    const char *value = getenv(name);

    return value ? value : "";
}

static int fail(const char *what, const char *name)
{
    printf("standin: %s %s\n", what, name);
    return 1;
}

// The whole file and a 0; NULL if it cannot be read.
static char *read_file(const char *path, long *size)
{
    FILE *file = fopen(path, "rb");
    char *data;

    if (!file) {
        return NULL;
    }
    fseek(file, 0, SEEK_END);
    *size = ftell(file);
    rewind(file);
    data = calloc(1, *size + 1);
    if (fread(data, 1, *size, file) != (size_t)*size) {
        *size = 0;
    }
    fclose(file);
    return data;
}

static int write_file(const char *path, const char *data, long size)
{
    FILE *file = fopen(path, "wb");

    if (!file) {
        return fail("cannot write", path);
    }
    fwrite(data, 1, size, file);
    fclose(file);
    return 0;
}

static int compare(int argc, char **argv)
{
    long sizes[2] = {0, 0};
    char *data[2];
    int i;

    if (argc != 4 || strcmp(argv[1], "/b")) {
        return 2;
    }
    for (i = 0; i < 2; i++) {
        data[i] = read_file(argv[2 + i], &sizes[i]);
        if (!data[i]) {
            return 2;
        }
    }
    return sizes[0] != sizes[1] || memcmp(data[0], data[1], sizes[0]) != 0;
}

static BOOL holds(char *text, const char *word)
{
    return strstr(_strlwr(text), word) != NULL;
}

// /l and /i are what it always does.
static int find_string(int argc, char **argv)
{
    const char *word = NULL;
    char lower[256], *text, *line;
    BOOL others = FALSE;
    long size;
    int i;

    for (i = 1; i < argc - 1; i++) {
        if (!strcmp(argv[i], "/v")) {
            others = TRUE;
        } else if (!strncmp(argv[i], "/c:", 3)) {
            word = argv[i] + 3;
        }
    }
    text = read_file(argv[argc - 1], &size);
    if (!text || !word) {
        return 2;
    }
    strcpy(lower, word);
    _strlwr(lower);
    for (line = strtok(text, "\r\n"); line; line = strtok(NULL, "\r\n")) {
        if (holds(line, lower) != others) {
            return 0;
        }
    }
    return 1;
}

static void set_text(const char *key, const char *name, const char *value)
{
    HKEY open;

    RegCreateKeyExA(HKEY_LOCAL_MACHINE, key, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &open, NULL);
    RegSetValueExA(open, name, 0, REG_SZ, (const BYTE *)value, strlen(value) + 1);
    RegCloseKey(open);
}

// Whether plug and play sees the card: one with a service is in the list of that service.
static BOOL is_plugged_in(const char *id, const char *instance)
{
    char key[512], wanted[512], service[64] = "", name[64], path[512];
    DWORD size = sizeof(service), name_size = sizeof(name), path_size = sizeof(path), i;
    HKEY list;
    BOOL found = FALSE;

    snprintf(key, sizeof(key), CURRENT "Enum\\PCI\\%s\\%s", id, instance);
    if (RegGetValueA(HKEY_LOCAL_MACHINE, key, "Service", RRF_RT_REG_SZ, NULL, service, &size)) {
        return TRUE;
    }
    snprintf(wanted, sizeof(wanted), "PCI\\%s\\%s", id, instance);
    snprintf(key, sizeof(key), CURRENT "services\\%s\\Enum", service);
    if (RegOpenKeyExA(HKEY_LOCAL_MACHINE, key, 0, KEY_READ, &list)) {
        return FALSE;
    }
    for (i = 0; RegEnumValueA(list, i, name, &name_size, NULL, NULL, (BYTE *)path, &path_size) ==
                ERROR_SUCCESS;
         i++) {
        found = found || !_stricmp(path, wanted);
        name_size = sizeof(name);
        path_size = sizeof(path);
    }
    RegCloseKey(list);
    return found;
}

static void bind_card(const char *id, const char *instance, const char *service,
                      const char *version)
{
    char key[512], path[512], list[256];

    snprintf(key, sizeof(key), CURRENT "Enum\\PCI\\%s\\%s", id, instance);
    snprintf(path, sizeof(path), "PCI\\%s\\%s", id, instance);
    set_text(key, "Service", service);
    set_text(key, "Driver", CLASS "\\0042");
    set_text(CURRENT "Control\\Class\\" CLASS "\\0042", "DriverDesc",
             "aerovnet virtio network adapter");
    set_text(CURRENT "Control\\Class\\" CLASS "\\0042", "DriverVersion", version);
    snprintf(list, sizeof(list), CURRENT "services\\%s\\Enum", service);
    set_text(list, "0", path);
}

// Every card whose id the INF lists.
static void bind_cards(const char *inf, const char *service, const char *version)
{
    HKEY pci, model;
    char id[256], instance[256], device[32];
    DWORD i, j;

    if (RegOpenKeyExA(HKEY_LOCAL_MACHINE, CURRENT "Enum\\PCI", 0, KEY_READ, &pci)) {
        return;
    }
    for (i = 0; RegEnumKeyA(pci, i, id, sizeof(id)) == ERROR_SUCCESS; i++) {
        snprintf(device, sizeof(device), "PCI\\%.17s", id);
        if (!strstr(inf, device)) {
            continue;
        }
        RegOpenKeyExA(pci, id, 0, KEY_READ, &model);
        for (j = 0; RegEnumKeyA(model, j, instance, sizeof(instance)) == ERROR_SUCCESS; j++) {
            if (is_plugged_in(id, instance)) {
                bind_card(id, instance, service, version);
            }
        }
        RegCloseKey(model);
    }
    RegCloseKey(pci);
}

static int copy_driver(const char *source, const char *target, const char *how)
{
    long size;
    char *data = read_file(source, &size);

    if (!data) {
        return fail("cannot read", source);
    }
    if (!strcmp(how, "old")) {
        data[size / 2] ^= 1;
    }
    return write_file(target, data, size);
}

static int add_package(const char *path, BOOL bind)
{
    const char *root = setting("STANDIN_ROOT"), *how = setting("STANDIN_BIND");
    char folder[MAX_PATH], name[64], target[MAX_PATH], source[MAX_PATH], version[64] = "";
    const char *slash = strrchr(path, '\\'), *found;
    char *inf;
    long size;
    int i;

    inf = read_file(path, &size);
    if (!inf || !slash) {
        return fail("cannot read", path);
    }
    if (!strcmp(setting("STANDIN_STORE"), "no")) {
        return 0;
    }
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(slash + 1, "."), slash + 1);
    found = strstr(inf, "DriverVer");
    if (found) {
        sscanf(found, "%*[^,],%63[0-9.]", version);
    }
    snprintf(folder, sizeof(folder),
             "%s\\System32\\DriverStore\\FileRepository\\%s.inf_neutral_0123", root, name);
    CreateDirectoryA(folder, NULL);
    snprintf(target, sizeof(target), "%s\\%s.inf", folder, name);
    write_file(target, inf, size);
    snprintf(source, sizeof(source), "%.*s\\%s.sys", (int)(slash - path), path, name);
    snprintf(target, sizeof(target), "%s\\%s.sys", folder, name);
    copy_driver(source, target, setting("STANDIN_STORE"));
    for (i = 0;; i++) {
        snprintf(target, sizeof(target), "%s\\inf\\oem%d.inf", root, i);
        if (GetFileAttributesA(target) == INVALID_FILE_ATTRIBUTES) {
            break;
        }
    }
    write_file(target, inf, size);
    printf("Published name :            oem%d.inf\n", i);
    if (bind && strcmp(how, "no")) {
        snprintf(target, sizeof(target), "%s\\System32\\drivers\\%s.sys", root, name);
        copy_driver(source, target, how);
        bind_cards(inf, name, strcmp(how, "old") ? version : "1.0.0.99999");
    }
    return 0;
}

static int pnputil(int argc, char **argv)
{
    char path[MAX_PATH];
    int status = atoi(setting("STANDIN_STATUS"));

    if (!strcmp(argv[argc - 2], "-d")) {
        snprintf(path, sizeof(path), "%s\\inf\\%s", setting("STANDIN_ROOT"), argv[argc - 1]);
        return DeleteFileA(path) ? status : 1;
    }
    if (add_package(argv[argc - 1], !strcmp(argv[1], "-i"))) {
        return 2;
    }
    return status;
}

static int delete_service(int argc, char **argv)
{
    char key[256];

    snprintf(key, sizeof(key), CURRENT "services\\%s", argc == 3 ? argv[2] : "");
    return argc == 3 && !strcmp(argv[1], "delete") &&
                   RegDeleteTreeA(HKEY_LOCAL_MACHINE, key) == ERROR_SUCCESS
               ? 0
               : 1;
}

int main(int argc, char **argv)
{
    const char *name = strrchr(argv[0], '\\');
    FILE *log = fopen(setting("STANDIN_LOG"), "a");
    int i;

    name = name ? name + 1 : argv[0];
    if (log) {
        fprintf(log, "%s", name);
        for (i = 1; i < argc; i++) {
            fprintf(log, " %s", argv[i]);
        }
        fprintf(log, "\n");
        fclose(log);
    }
    if (!_stricmp(name, "fc.exe")) {
        return compare(argc, argv);
    } else if (!_stricmp(name, "findstr.exe")) {
        return find_string(argc, argv);
    } else if (!_stricmp(name, "pnputil.exe") && argc >= 3) {
        return pnputil(argc, argv);
    } else if (!_stricmp(name, "certutil.exe")) {
        return atoi(setting("STANDIN_CERTUTIL"));
    } else if (!_stricmp(name, "bcdedit.exe")) {
        return atoi(setting("STANDIN_BCDEDIT"));
    } else if (!_stricmp(name, "icacls.exe")) {
        return atoi(setting("STANDIN_ICACLS"));
    } else if (!_stricmp(name, "sc.exe")) {
        return delete_service(argc, argv);
    }
    return fail("standin.exe does not know the tool", name);
}
