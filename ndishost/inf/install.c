/* SPDX-License-Identifier: MIT */
/* From the lines of an INF to values in the registry; see install.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "inf/install.h"

#if defined(__x86_64__)
#define ARCH       "amd64"
#define ARCH_NAMED "x64"
#else
#define ARCH       "x86"
#define ARCH_NAMED "x86"
#endif

#define WINDOWS_MAJOR 6 /* Windows 7 SP1, a workstation */
#define WINDOWS_MINOR 1
#define WORKSTATION   1
#define NEEDS_DEEPEST 8

/* Flags of AddReg ("INF AddReg Directive"). */
#define ADDREG_NOCLOBBER     0x00000002u
#define ADDREG_DELVAL        0x00000004u
#define ADDREG_APPEND        0x00000008u
#define ADDREG_KEYONLY       0x00000010u
#define ADDREG_OVERWRITEONLY 0x00000020u
#define ADDREG_TYPE          0xFFFF0001u
#define ADDREG_SZ            0x00000000u
#define ADDREG_BINARY        0x00000001u
#define ADDREG_MULTI_SZ      0x00010000u
#define ADDREG_DWORD         0x00010001u
#define ADDREG_EXPAND_SZ     0x00020000u
#define ADDREG_NONE          0x00020001u

/* What installing is about: who is told what is wrong, and what HKR is. */
struct installer {
    const struct inf *inf;
    char *error;
    size_t error_size;
    struct registry_key *root;
};

#define WRONG(installer, number, ...) \
    inf_wrong((installer)->inf, number, (installer)->error, (installer)->error_size, __VA_ARGS__)

static int no_memory(const struct installer *installer)
{
    snprintf(installer->error, installer->error_size, "out of memory");
    return -1;
}

/* ---- Numbers ---- */

/* As SetupGetIntField reads one. */
static bool read_number(const char *text, int base, uint32_t *number)
{
    bool minus = *text == '-';
    unsigned long long value;
    char *end;

    text += minus;
    if (base != 16 && text[0] == '0' && (text[1] | 0x20) == 'x')
        base = 16, text += 2;
    if (!*text || *text == '-' || *text == '+' || *text == ' ')
        return false;
    errno = 0;
    value = strtoull(text, &end, base);
    *number = (uint32_t)(minus ? 0 - value : value);
    return !*end && !errno && value <= 0xFFFFFFFFu;
}

/* ---- Decorations: NT[Architecture][.Major[.Minor[.ProductType[.SuiteMask]]]] ---- */

static bool eat(const char **text, const char *word)
{
    size_t length = strlen(word);

    if (strncasecmp(*text, word, length))
        return false;
    *text += length;
    return true;
}

/* How well it fits this Windows; 0: not at all. A later version fits better than an earlier one. */
static unsigned fitness(const char *decoration)
{
    unsigned long part[4] = {0, 0, 0, 0};
    bool arch;
    unsigned i;

    if (!eat(&decoration, "NT"))
        return 0;
    arch = eat(&decoration, ARCH);
    if (!arch && (*decoration && *decoration != '.'))
        return 0; /* another architecture */
    if (!arch && sizeof(void *) == 8)
        return 0; /* without an architecture it is for x86 */
    for (i = 0; i < 4 && *decoration == '.'; i++) {
        char *end;

        part[i] = strtoul(decoration + 1, &end, 0);
        decoration = end;
    }
    if (part[0] > WINDOWS_MAJOR || (part[0] == WINDOWS_MAJOR && part[1] > WINDOWS_MINOR) ||
        (part[2] && part[2] != WORKSTATION))
        return 0;
    return 1 + (unsigned)(part[0] * 256 + part[1]) * 8 + (part[2] ? 2 : 0) + arch;
}

/* The models section that a line of [Manufacturer] leads to; "" if none is for this Windows. */
static void models_section(const struct inf_line *line, char name[INF_NAME_MAX])
{
    const char *best = NULL;
    unsigned most = 0, i;

    *name = 0;
    for (i = 1; i < line->fields; i++)
        if (fitness(line->field[i]) > most) {
            most = fitness(line->field[i]);
            best = line->field[i];
        }
    if (best)
        snprintf(name, INF_NAME_MAX, "%s.%s", inf_field(line, 0), best);
    else if (line->fields == 1 && !strcmp(ARCH, "x86"))
        snprintf(name, INF_NAME_MAX, "%s", line->field[0]);
}

/* ---- The model ---- */

static int check_version(const struct installer *installer)
{
    const struct inf *inf = installer->inf;
    const struct inf_line *signature = inf_find(inf, "Version", "Signature");
    const struct inf_line *guid = inf_find(inf, "Version", "ClassGUID");
    const struct inf_line *class = inf_find(inf, "Version", "Class");

    if (!inf_has(inf, "Version"))
        return WRONG(installer, 1, "there is no [Version]: Windows takes no such INF");
    if (!signature || (strcasecmp(inf_field(signature, 0), "$Windows NT$") &&
                       strcasecmp(inf_field(signature, 0), "$Chicago$")))
        return WRONG(installer, signature ? signature->number : inf_section_line(inf, "Version"),
                     "[Version] has no Signature = \"$Windows NT$\"");
    if (guid ? strcasecmp(inf_field(guid, 0), REGISTRY_NET_GUID)
             : !class || strcasecmp(inf_field(class, 0), "Net"))
        return WRONG(installer,
                     guid    ? guid->number
                     : class ? class->number
                             : inf_section_line(inf, "Version"),
                     "the class is not Net: ndishost takes INFs of network adapters alone");
    return 0;
}

/* The section of a model that is for this Windows: with ".NTamd64", with ".NT", or bare. */
static bool install_section(const struct inf *inf, const struct inf_line *line,
                            struct inf_model *model)
{
    static const char *const decorations[] = {(".NT" ARCH), ".NT", ""};
    char name[INF_NAME_MAX + 16];
    size_t i;

    snprintf(model->section, sizeof(model->section), "%s", inf_field(line, 0));
    for (i = 0; i < sizeof(decorations) / sizeof(decorations[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", model->section, decorations[i]);
        if (inf_has(inf, name)) {
            snprintf(model->decoration, sizeof(model->decoration), "%s", decorations[i]);
            return true;
        }
    }
    return false;
}

/* Where in the device's ids the line's stand: 0 is best. */
static unsigned rank(const struct inf_line *line, const char *const *ids, const char **id)
{
    unsigned i, j;

    for (i = 0; ids && ids[i]; i++)
        for (j = 1; j < line->fields; j++)
            if (!strcasecmp(line->field[j], ids[i])) {
                *id = line->field[j];
                return i;
            }
    *id = inf_field(line, 1);
    return ~0u;
}

static int choose_from(const struct installer *installer, const char *section,
                       const char *const *ids, struct inf_model *model, unsigned *best)
{
    const struct inf_line *line;
    struct inf_model found;

    for (line = inf_lines(installer->inf, section); line; line = line->next) {
        unsigned here = rank(line, ids, &found.id);

        if (!line->key || line->fields < 1)
            return WRONG(installer, line->number,
                         "a model of [%s] is not `description = section, hardware id`", section);
        if (model->line && here >= *best)
            continue;
        found.line = line;
        found.description = line->key;
        found.matches = here != ~0u;
        if (!install_section(installer->inf, line, &found))
            return WRONG(installer, line->number,
                         "there is no section [%s.NT" ARCH "], [%s.NT] or [%s]", inf_field(line, 0),
                         inf_field(line, 0), inf_field(line, 0));
        *model = found;
        *best = here;
    }
    return 0;
}

int inf_choose(const struct inf *inf, const char *const *ids, struct inf_model *model, char *error,
               size_t error_size)
{
    struct installer installer = {inf, error, error_size, NULL};
    const struct inf_line *line;
    char section[INF_NAME_MAX];
    bool any = false;
    unsigned best = ~0u;

    memset(model, 0, sizeof(*model));
    if (check_version(&installer))
        return -1;
    if (!inf_has(inf, "Manufacturer"))
        return WRONG(&installer, 1, "there is no [Manufacturer]");
    for (line = inf_lines(inf, "Manufacturer"); line; line = line->next) {
        models_section(line, section);
        if (!*section)
            continue;
        any = true;
        if (!inf_has(inf, section))
            return WRONG(&installer, line->number, "there is no section [%s]", section);
        if (choose_from(&installer, section, ids, model, &best))
            return -1;
    }
    if (!any)
        return WRONG(&installer, inf_section_line(inf, "Manufacturer"),
                     "[Manufacturer] has no models for Windows 7 on " ARCH_NAMED " (NT" ARCH ")");
    if (!model->line)
        return WRONG(&installer, inf_section_line(inf, "Manufacturer"),
                     "the models sections for Windows 7 on " ARCH_NAMED " are empty");
    return 0;
}

/* ---- AddReg and DelReg ---- */

/* The key that a line's first two fields name; *skip: of a root that no driver sees. */
static int line_key(const struct installer *installer, const struct inf_line *line,
                    struct registry_key **from, const char **path, bool *skip)
{
    const char *root = inf_field(line, 0);

    *path = inf_field(line, 1);
    *skip = !strcasecmp(root, "HKCR") || !strcasecmp(root, "HKCU") || !strcasecmp(root, "HKU");
    *from = strcasecmp(root, "HKR") ? NULL : installer->root;
    if (!*from && strcasecmp(root, "HKLM") && !*skip)
        return WRONG(installer, line->number,
                     "\"%s\" is not a root key: expected HKR, HKLM, HKCR, HKCU or HKU", root);
    return 0;
}

static int put_bytes(const struct installer *installer, const struct inf_line *line,
                     struct registry_key *key, uint32_t type)
{
    uint8_t *bytes = malloc(line->fields + 1);
    uint32_t count = 0, number;
    int failed = 0;
    unsigned i;

    if (!bytes)
        return no_memory(installer);
    for (i = 4; i < line->fields && !failed; i++) {
        if (i + 1 == line->fields && !*line->field[i])
            break; /* a comma at the end */
        if (read_number(line->field[i], 16, &number) && number <= 0xFF)
            bytes[count++] = (uint8_t)number;
        else
            failed = WRONG(installer, line->number,
                           "\"%s\" is not a byte: expected two hexadecimal digits", line->field[i]);
    }
    if (!failed && registry_set(key, inf_field(line, 2), type, bytes, count))
        failed = no_memory(installer);
    free(bytes);
    return failed;
}

static int put_number(const struct installer *installer, const struct inf_line *line,
                      struct registry_key *key)
{
    uint32_t number = 0;

    if (line->fields == 8)
        return put_bytes(installer, line, key, REG_DWORD);
    if (line->fields > 4 && !read_number(inf_field(line, 4), 10, &number))
        return WRONG(installer, line->number, "\"%s\" is not a number of 32 bits",
                     inf_field(line, 4));
    return registry_set_number(key, inf_field(line, 2), number) ? no_memory(installer) : 0;
}

/* Many strings, after those that are there already if they are to be added. */
static int put_strings(const struct installer *installer, const struct inf_line *line,
                       struct registry_key *key, bool append)
{
    struct registry_value before = {NULL, 0, NULL, 0};
    char *data = NULL;
    size_t size;
    FILE *out = open_memstream(&data, &size);
    int failed = -1;
    unsigned i;

    if (!out)
        return no_memory(installer);
    if (append && registry_get(key, inf_field(line, 2), &before) && before.bytes > 2)
        fwrite(before.data, 1, before.bytes - 2, out);
    for (i = 4; i < line->fields; i++) {
        size_t units;
        WCHAR *wide = registry_widen(line->field[i], &units);

        if (wide && units)
            fwrite(wide, sizeof(WCHAR), units + 1, out);
        free(wide);
    }
    fwrite("\0", 1, 2, out);
    if (!fclose(out))
        failed = registry_set(key, inf_field(line, 2), REG_MULTI_SZ, data, (uint32_t)size);
    free(data);
    registry_value_free(&before);
    return failed ? no_memory(installer) : 0;
}

static int put_string(const struct installer *installer, const struct inf_line *line,
                      struct registry_key *key, uint32_t type)
{
    size_t units;
    WCHAR *wide = registry_widen(inf_field(line, 4), &units);
    int failed = !wide || registry_set(key, inf_field(line, 2), type, wide,
                                       (uint32_t)((units + 1) * sizeof(WCHAR)));

    free(wide);
    return failed ? no_memory(installer) : 0;
}

static int put_value(const struct installer *installer, const struct inf_line *line,
                     struct registry_key *key, uint32_t flags)
{
    switch (flags & ADDREG_TYPE) {
    case ADDREG_SZ:
        return put_string(installer, line, key, REG_SZ);
    case ADDREG_EXPAND_SZ:
        return put_string(installer, line, key, REG_EXPAND_SZ);
    case ADDREG_MULTI_SZ:
        return put_strings(installer, line, key, flags & ADDREG_APPEND);
    case ADDREG_DWORD:
        return put_number(installer, line, key);
    case ADDREG_BINARY:
        return put_bytes(installer, line, key, REG_BINARY);
    case ADDREG_NONE:
        return put_bytes(installer, line, key, REG_NONE);
    }
    if (flags & ADDREG_BINARY)
        return put_bytes(installer, line, key, flags >> 16); /* any other type, by its number */
    return WRONG(installer, line->number, "flags 0x%08x name no type of value", flags);
}

static int add_line(const struct installer *installer, const struct inf_line *line)
{
    struct registry_key *from, *key;
    struct registry_value before;
    const char *path, *name = inf_field(line, 2);
    uint32_t flags = 0;
    bool skip, there;

    if (line_key(installer, line, &from, &path, &skip))
        return -1;
    if (*inf_field(line, 3) && !read_number(inf_field(line, 3), 10, &flags))
        return WRONG(installer, line->number, "\"%s\" is not a number: expected flags",
                     inf_field(line, 3));
    if (skip)
        return 0;
    if (!(key = registry_create(from, path, NULL)))
        return no_memory(installer);
    if ((flags & ADDREG_KEYONLY) || (!*name && line->fields < 5))
        return 0;
    there = registry_get(key, name, &before);
    if (there)
        registry_value_free(&before);
    if (flags & ADDREG_DELVAL) {
        registry_remove(key, name);
        return 0;
    }
    if (there ? flags & ADDREG_NOCLOBBER : flags & ADDREG_OVERWRITEONLY)
        return 0;
    return put_value(installer, line, key, flags);
}

static void delete_tree(struct registry_key *key)
{
    char *name;

    while ((name = registry_subkey(key, 0))) {
        struct registry_key *below = registry_open(key, name);

        free(name);
        if (below)
            delete_tree(below);
    }
    registry_delete(key);
}

static int delete_line(const struct installer *installer, const struct inf_line *line)
{
    struct registry_key *from, *key;
    const char *path;
    bool skip;

    if (line_key(installer, line, &from, &path, &skip))
        return -1;
    key = skip || !*path ? NULL : registry_open(from, path);
    if (!skip && !*path)
        key = from;
    if (key && line->fields > 2)
        registry_remove(key, line->field[2]);
    else if (key && *path)
        delete_tree(key);
    return 0;
}

typedef int line_function(const struct installer *installer, const struct inf_line *line);

/* The sections that `directive` of a section names, each of its lines. */
static int run_directive(const struct installer *installer, const char *section,
                         const char *directive, line_function *function)
{
    const struct inf_line *line, *entry;
    unsigned i;

    for (line = inf_lines(installer->inf, section); line; line = line->next) {
        if (!line->key || strcasecmp(line->key, directive))
            continue;
        for (i = 0; i < line->fields; i++) {
            if (!*line->field[i])
                continue;
            if (!inf_has(installer->inf, line->field[i]))
                return WRONG(installer, line->number, "there is no section [%s]", line->field[i]);
            for (entry = inf_lines(installer->inf, line->field[i]); entry; entry = entry->next)
                if (function(installer, entry))
                    return -1;
        }
    }
    return 0;
}

static int run_section(const struct installer *installer, const char *section, unsigned depth)
{
    const struct inf_line *line;
    unsigned i;

    for (line = inf_lines(installer->inf, section); line; line = line->next)
        for (i = 0; line->key && !strcasecmp(line->key, "Needs") && i < line->fields; i++) {
            if (depth == NEEDS_DEEPEST)
                return WRONG(installer, line->number, "Needs leads in a circle");
            if (run_section(installer, line->field[i], depth + 1)) /* of other INFs: not there */
                return -1;
        }
    return run_directive(installer, section, "DelReg", delete_line) ||
                   run_directive(installer, section, "AddReg", add_line)
               ? -1
               : 0;
}

/* ---- Services ---- */

/* The AddService line for the device's own driver (SPSVCINST_ASSOCSERVICE), or NULL. */
static const struct inf_line *service_line(const struct installer *installer,
                                           const struct inf_model *model)
{
    const struct inf_line *line;
    char section[INF_NAME_MAX * 2 + 16];
    uint32_t flags;

    snprintf(section, sizeof(section), "%s%s.Services", model->section, model->decoration);
    for (line = inf_lines(installer->inf, section); line; line = line->next)
        if (line->key && !strcasecmp(line->key, "AddService") &&
            read_number(inf_field(line, 1), 10, &flags) && (flags & 2))
            return line;
    return NULL;
}

int inf_service(const struct inf *inf, const struct inf_model *model, char name[INF_NAME_MAX],
                char *error, size_t error_size)
{
    struct installer installer = {inf, error, error_size, NULL};
    const struct inf_line *line = service_line(&installer, model);

    *name = 0;
    if (!line)
        return 0;
    if (!inf_has(inf, inf_field(line, 2)))
        return WRONG(&installer, line->number, "there is no section [%s]", inf_field(line, 2));
    snprintf(name, INF_NAME_MAX, "%s", inf_field(line, 0));
    return 0;
}

/* The path as the service control manager writes it: from the root of Windows on. */
static int set_image_path(struct registry_key *key, const char *binary)
{
    static const char windows[] = "C:\\Windows\\";
    char path[512];
    bool inside = !strncasecmp(binary, windows, strlen(windows));

    snprintf(path, sizeof(path), "%s%s", inside ? "\\SystemRoot\\" : "",
             binary + (inside ? strlen(windows) : 0));
    return registry_set_string(key, "ImagePath", path);
}

static int install_service_values(const struct installer *installer, const char *section)
{
    static const struct {
        const char *key, *value;
        bool number;
    } rows[] = {
        {"ServiceType", "Type", true},          {"StartType", "Start", true},
        {"ErrorControl", "ErrorControl", true}, {"LoadOrderGroup", "Group", false},
        {"DisplayName", "DisplayName", false},  {"Description", "Description", false},
    };
    const struct inf_line *line;
    uint32_t number;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        line = inf_find(installer->inf, section, rows[i].key);
        if (!line)
            continue;
        if (rows[i].number && !read_number(inf_field(line, 0), 10, &number))
            return WRONG(installer, line->number, "\"%s\" is not a number", inf_field(line, 0));
        if (rows[i].number
                ? registry_set_number(installer->root, rows[i].value, number)
                : registry_set_string(installer->root, rows[i].value, inf_field(line, 0)))
            return no_memory(installer);
    }
    line = inf_find(installer->inf, section, "ServiceBinary");
    if (!line)
        return WRONG(installer, inf_section_line(installer->inf, section),
                     "[%s] has no ServiceBinary", section);
    return set_image_path(installer->root, inf_field(line, 0)) ? no_memory(installer) : 0;
}

static int install_service(const struct installer *parent, const struct inf_model *model)
{
    const struct inf_line *line = service_line(parent, model);
    struct installer installer = *parent;
    char path[INF_NAME_MAX + 128], name[INF_NAME_MAX];

    if (inf_service(parent->inf, model, name, parent->error, parent->error_size))
        return -1;
    if (!*name)
        return 0;
    snprintf(path, sizeof(path), REGISTRY_SERVICES "\\%s", name);
    installer.root = registry_create(NULL, path, NULL);
    if (!installer.root)
        return no_memory(&installer);
    if (install_service_values(&installer, inf_field(line, 2)) ||
        run_section(&installer, inf_field(line, 2), 0))
        return -1;
    if (!*inf_field(line, 3))
        return 0;
    if (!inf_has(parent->inf, inf_field(line, 3)))
        return WRONG(parent, line->number, "there is no section [%s]", inf_field(line, 3));
    snprintf(path, sizeof(path), REGISTRY_SERVICES "\\EventLog\\System\\%s", name);
    installer.root = registry_create(NULL, path, NULL);
    return installer.root ? run_section(&installer, inf_field(line, 3), 0) : no_memory(&installer);
}

/* ---- The adapter ---- */

/* What the class installer takes from the DDInstall section itself. */
static int install_entries(const struct installer *installer, const char *section)
{
    static const char *const names[] = {"Characteristics",
                                        "BusType",
                                        "*IfType",
                                        "*MediaType",
                                        "*PhysicalMediaType",
                                        "EthernetAccess",
                                        "Port1DeviceNumber",
                                        "Port2DeviceNumber",
                                        "Port1FunctionNumber",
                                        "Port2FunctionNumber"};
    const struct inf_line *line;
    uint32_t number;
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        line = inf_find(installer->inf, section, names[i]);
        if (!line)
            continue;
        if (!read_number(inf_field(line, 0), 10, &number))
            return WRONG(installer, line->number, "%s is \"%s\", which is not a number", line->key,
                         inf_field(line, 0));
        if (registry_set_number(installer->root, names[i], number))
            return no_memory(installer);
    }
    return 0;
}

/* [Version] and the model. */
static int install_identity(const struct installer *installer, const struct inf_model *model)
{
    const struct inf_line *version = inf_find(installer->inf, "Version", "DriverVer");
    const struct inf_line *provider = inf_find(installer->inf, "Version", "Provider");
    const struct {
        const char *name, *text;
    } rows[] = {
        {"DriverDesc", model->description},
        {"InfSection", model->section},
        {"InfSectionExt", model->decoration},
        {"MatchingDeviceId", model->id},
        {"ComponentId", model->id},
        {"ProviderName", provider ? inf_field(provider, 0) : ""},
        {"DriverDate", version ? inf_field(version, 0) : ""},
        {"DriverVersion", version ? inf_field(version, 1) : ""},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (*rows[i].text && registry_set_string(installer->root, rows[i].name, rows[i].text))
            return no_memory(installer);
    return 0;
}

static bool is_optional(struct registry_key *keyword)
{
    struct registry_value value;
    char *text = NULL;
    bool optional;

    if (!registry_get(keyword, "Optional", &value))
        return false;
    text = registry_text(&value);
    optional = value.type == REG_DWORD ? value.bytes && value.data[0] : text && !strcmp(text, "1");
    free(text);
    registry_value_free(&value);
    return optional;
}

/* "0 required. Specify a value for the parameter or use the default value": an optional one that the
 * user did not set is not present. */
static int install_defaults(const struct installer *installer)
{
    struct registry_key *params = registry_open(installer->root, "Ndi\\params");
    char *name;
    unsigned i;

    for (i = 0; params && (name = registry_subkey(params, i)); i++) {
        struct registry_key *keyword = registry_open(params, name);
        struct registry_value value, there;
        int failed = 0;

        if (registry_get(installer->root, name, &there)) {
            registry_value_free(&there);
        } else if (keyword && !is_optional(keyword) && registry_get(keyword, "Default", &value)) {
            failed = registry_set(installer->root, name, value.type, value.data, value.bytes);
            registry_value_free(&value);
        }
        free(name);
        if (failed)
            return no_memory(installer);
    }
    return 0;
}

int inf_install(const struct inf *inf, const struct inf_model *model, struct registry_key *adapter,
                struct registry_key *hardware, char *error, size_t error_size)
{
    struct installer installer = {inf, error, error_size, adapter};
    struct installer below = {inf, error, error_size, hardware};
    char section[INF_NAME_MAX * 2 + 16];

    snprintf(section, sizeof(section), "%s%s", model->section, model->decoration);
    if (install_identity(&installer, model) || install_entries(&installer, section) ||
        run_section(&installer, section, 0))
        return -1;
    strcat(section, ".HW");
    if (run_section(&below, section, 0) || install_service(&installer, model))
        return -1;
    return install_defaults(&installer);
}
