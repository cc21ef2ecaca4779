/* SPDX-License-Identifier: MIT */
/* The table of clauses and their findings; see clauses.h. */
#include "check/clauses.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The column at which the finding follows the title. */
#define TITLE_COLUMN 44

/* Of an own clause the driver alone can break: nothing is to be found of the device. */
struct clause {
    const char *number, *title;
    bool own;
};

static const struct clause clauses[] = {
    {"1.1", "the id is 1AF4:1000 or 1AF4:1041", false},
    {"1.2", "the device has the modern interface", false},
    {"1.3", "there are virtio capabilities", false},
    {"1.4", "the driver reads no subsystem id", true},
    {"2.1", "the four structures are there", false},
    {"2.2", "the driver takes the first usable structure", true},
    {"2.3", "the capability list ends", false},
    {"2.4", "each structure fits its BAR and fields", false},
    {"2.5", "structures are aligned", false},
    {"2.6", "BARs have addresses", false},
    {"2.7", "the driver uses each field's width", true},
    {"2.8", "the driver writes no capability", true},
    {"2.9", "structures are in memory or I/O space", false},
    {"3.1", "device_status reads 0 after a reset", false},
    {"3.2", "a reset ends within one second", false},
    {"3.3", "device_status keeps what is written", false},
    {"3.4", "FEATURES_OK stays set", false},
    {"3.5", "the driver sets FAILED", true},
    {"3.6", "the driver turns off bus mastering", true},
    {"4.1", "VERSION_1 is offered", false},
    {"4.2", "accepted features are negotiated", false},
    {"4.3", "MAC is a station's address", false},
    {"4.4", "STATUS says whether the link is up", false},
    {"4.5", "INDIRECT_DESC", false},
    {"4.6", "VERSION_1 alone is enough", true},
    {"4.7", "MTU", false},
    {"4.8", "the MTU is 68 or more", false},
    {"4.9", "addresses are those of Windows' DMA", true},
    {"5.1", "queues 0 and 1 have a power of two", false},
    {"5.2", "each smaller power of two is a queue size", false},
    {"5.3", "queue_enable is 0, and 1 once written", false},
    {"5.4", "the driver selects queues in order", true},
    {"5.5", "queues lie anywhere in memory", true},
    {"5.6", "chains of many descriptors are sent", false},
    {"5.7", "buffers are used in any order", true},
    {"5.8", "used buffers are not touched", false},
    {"6.1", "notifications start the queues", false},
    {"6.2", "notify addresses are in their structure", false},
    {"6.3", "the driver notifies once a call", true},
    {"6.4", "the interrupt line and its ISR status", false},
    {"6.5", "MSI-X is off", false},
    {"6.6", "interrupts have a cause", false},
    {"6.7", "no interrupt is lost", false},
    {"6.8", "the driver sets NO_INTERRUPT", true},
    {"7.1", "the configuration reads the same twice", false},
    {"7.2", "config_generation stays when nothing changes", false},
    {"7.3", "a link change comes with an interrupt", false},
    {"7.4", "status has no bit but LINK_UP", false},
    {"8.1", "the network header has 12 bytes", false},
    {"8.2", "sent headers are 0", true},
    {"8.3", "frames of 60 to 1514 bytes are sent", false},
    {"8.4", "no received frame overruns its buffer", false},
    {"8.5", "received frames have length and content", false},
    {"8.6", "the driver reads no num_buffers", true},
    {"8.7", "the used length of a sent buffer is 0", false},
    {"8.8", "the back end may come and go", true},
    {"8.9", "the back end takes no padding for data", false},
    {"8.10", "the machine may move", true},
    {"9.1", "used ids are outstanding ones", false},
    {"9.2", "used lengths fit their buffers", false},
    {"9.3", "the used index moves by what is used", false},
    {"9.4", "DEVICE_NEEDS_RESET is not set", false},
    {"9.5", "sent frames are returned", false},
    {"9.6", "the driver does not read its own rings", true},
    {"9.7", "the device stays", false},
    {"9.8", "resets under way succeed", false},
    {"10.1", "HeaderLength 10", true},
    {"10.2", "other values of HeaderLength", true},
};

#define CLAUSES (sizeof(clauses) / sizeof(clauses[0]))

enum state { OPEN, UNTESTABLE, PASSED, FAILED };

struct finding {
    enum state state;
    char text[FINDING_LENGTH];
};

struct findings {
    struct finding of[CLAUSES];
};

struct findings *findings_new(void)
{
    void *memory = mmap(NULL, sizeof(struct findings), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

void findings_free(struct findings *findings)
{
    munmap(findings, sizeof(*findings));
}

static size_t place(const char *number)
{
    size_t i;

    for (i = 0; i < CLAUSES; i++)
        if (!strcmp(clauses[i].number, number))
            return i;
    fprintf(stderr, "ndishost: check-device: there is no clause %s\n", number);
    abort();
}

static void set(struct finding *finding, enum state state, const char *format, va_list arguments)
{
    vsnprintf(finding->text, sizeof(finding->text), format, arguments);
    finding->state = state;
}

void clause_pass(struct findings *findings, const char *number, const char *format, ...)
{
    struct finding *finding = &findings->of[place(number)];
    va_list arguments;

    va_start(arguments, format);
    if (finding->state != FAILED)
        set(finding, PASSED, format, arguments);
    va_end(arguments);
}

void clause_fail(struct findings *findings, const char *number, const char *format, ...)
{
    struct finding *finding = &findings->of[place(number)];
    va_list arguments;

    va_start(arguments, format);
    if (finding->state != FAILED)
        set(finding, FAILED, format, arguments);
    va_end(arguments);
}

void clause_untestable(struct findings *findings, const char *number, const char *format, ...)
{
    struct finding *finding = &findings->of[place(number)];
    va_list arguments;

    va_start(arguments, format);
    if (finding->state == OPEN)
        set(finding, UNTESTABLE, format, arguments);
    va_end(arguments);
}

bool clause_failed(const struct findings *findings, const char *number)
{
    return findings->of[place(number)].state == FAILED;
}

bool clause_open(const struct findings *findings, const char *number)
{
    return findings->of[place(number)].state == OPEN;
}

static unsigned count(const struct findings *findings, enum state state)
{
    unsigned found = 0;
    size_t i;

    for (i = 0; i < CLAUSES; i++)
        found += !clauses[i].own && findings->of[i].state == state;
    return found;
}

unsigned findings_failed(const struct findings *findings)
{
    return count(findings, FAILED);
}

void findings_close(struct findings *findings, const char *why)
{
    size_t i;

    for (i = 0; i < CLAUSES; i++)
        if (!clauses[i].own)
            clause_untestable(findings, clauses[i].number, "%s", why);
}

void findings_summary(const struct findings *findings, FILE *out)
{
    const char *separator = "";
    size_t i;

    fprintf(out, "DEVICE-CHECK result=%s passed=%u failed=%u untestable=%u clauses=",
            findings_failed(findings) ? "failed" : "passed", count(findings, PASSED),
            count(findings, FAILED), count(findings, UNTESTABLE));
    for (i = 0; i < CLAUSES; i++)
        if (findings->of[i].state == FAILED) {
            fprintf(out, "%s%s", separator, clauses[i].number);
            separator = ",";
        }
    fprintf(out, "%s\n", *separator ? "" : "none");
    fflush(out);
}

void findings_print(const struct findings *findings, FILE *out)
{
    static const char *const words[] = {"", "----", "pass", "FAIL"};
    size_t i;

    for (i = 0; i < CLAUSES; i++) {
        const struct finding *finding = &findings->of[i];

        if (finding->state != OPEN)
            fprintf(out, "%s %-4s %-*s %s%s\n", words[finding->state], clauses[i].number,
                    TITLE_COLUMN, clauses[i].title,
                    finding->state == UNTESTABLE ? "not testable: " : "", finding->text);
    }
}

void clauses_list(FILE *out)
{
    size_t i;

    for (i = 0; i < CLAUSES; i++)
        fprintf(out, "%s\t%s\t%s\n", clauses[i].number, clauses[i].own ? "driver" : "device",
                clauses[i].title);
}
