/* SPDX-License-Identifier: MIT */
/*
 * fuzz_keywords.c: an adapter's registry key with anything in it, for the keywords that the driver reads.
 * The driver comes up, sends a frame, and is halted. It has to come up: for a value that makes no sense it
 * uses the default.
 */
#include "bench.h"

#define VALUES_MAX 8
#define VALUE_MAX  64

void bench_run(struct bench *b)
{
    static const char *const names[] = {
        "*ReceiveBuffers", "*TransmitBuffers", "*PriorityVLANTag",
        "VlanId",          "NetworkAddress",   "*JumboPacket",
        "*SpeedDuplex",    "*FlowControl",     "*InterruptModeration"};
    static const char digits[] = "0123456789abcdefABCDEFxX-+ .:";
    static char text[VALUES_MAX][VALUE_MAX + 32];
    const char *keywords[VALUES_MAX + 3];
    struct adapter_options options = {.liberties = LIBERTY_PLAIN};
    unsigned count = 1 + bench_below(b, VALUES_MAX), i, j;

    /* Few buffers, unless the input says otherwise: they take most of the time. */
    keywords[0] = "*ReceiveBuffers=16";
    keywords[1] = "*TransmitBuffers=16";
    for (i = 0; i < count; i++) {
        unsigned how = bench_below(b, 4), length = bench_below(b, how ? 14 : VALUE_MAX);
        size_t used = (size_t)snprintf(text[i], sizeof text[i],
                                       "%s=", names[bench_below(b, ARRAYSIZE(names))]);

        for (j = 0; j < length; j++) {
            char byte = (char)bench_take(b, 1);

            text[i][used + j] = how    ? digits[(uint8_t)byte % (sizeof digits - 1)]
                                : byte ? byte
                                       : 'x';
        }
        text[i][used + length] = 0;
        keywords[2 + i] = text[i];
        bench_say("%s", text[i]);
    }
    keywords[2 + count] = NULL;
    options.keywords = keywords;
    if (!bench_add(b, "model:seed=1", &options))
        return;
    FUZZ_ASSERT(bench_start(b));
    bench_command(b, "bad good");
    bench_command(b, "reset");
    bench_command(b, "bad shortest");
}
