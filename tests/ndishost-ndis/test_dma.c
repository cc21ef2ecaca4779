/* SPDX-License-Identifier: MIT */
/* Scatter/gather lists name the bytes of the frame, as a device sees them; also where the device
 * only reaches 4 GiB and NDIS has to copy. */
#include "native.h"

#include <string.h>
#include "ndis/api/dma.h"
#include "ndis/protocol/shape.h"
#include "nt/machine/clock.h"

#define SLOTS  64
#define ROUNDS 4000

static uint8_t data[1518];
static bool wide;
static atomic_uint called;
static unsigned double_buffered;
static struct frame_slot slots[SLOTS];

/* What the device would read of the frame, by the list alone. */
static void gather(const SCATTER_GATHER_LIST *list, size_t skip, size_t length, uint8_t *to)
{
    size_t done = 0;
    ULONG i;

    for (i = 0; i < list->NumberOfElements && done < length; i++) {
        uint64_t pa = (uint64_t)list->Elements[i].Address.QuadPart;
        size_t here = list->Elements[i].Length;

        EXPECT(wide || pa + here <= 0x100000000ull);
        if (skip >= here) {
            skip -= here;
            continue;
        }
        pa += skip;
        here -= skip;
        skip = 0;
        if (here > length - done)
            here = length - done;
        EXPECT(phys_device_pointer(pa, here) != NULL);
        if (phys_device_pointer(pa, here))
            memcpy(to + done, phys_device_pointer(pa, here), here);
        done += here;
    }
    EXPECT(done == length);
}

static VOID NTAPI process(PDEVICE_OBJECT pDO, PVOID Reserved, PSCATTER_GATHER_LIST pSGL,
                          PVOID Context)
{
    NET_BUFFER *nb = Context;
    uint8_t seen[sizeof(data)];
    size_t length = NET_BUFFER_DATA_LENGTH(nb), total = 0;
    ULONG i;

    (void)pDO;
    (void)Reserved;
    EXPECT(irql_get() == DISPATCH_LEVEL);
    for (i = 0; i < pSGL->NumberOfElements; i++)
        total += pSGL->Elements[i].Length;
    EXPECT(total == length + NET_BUFFER_CURRENT_MDL_OFFSET(nb));
    gather(pSGL, NET_BUFFER_CURRENT_MDL_OFFSET(nb), length, seen);
    EXPECT(!memcmp(seen, data, length));
    double_buffered += nb_of(nb)->sg.bounce != NULL;
    atomic_fetch_add(&called, 1);
}

static NDIS_HANDLE channel(struct ndis_adapter *adapter, ULONG *list_size)
{
    NDIS_SG_DMA_DESCRIPTION description;
    NDIS_HANDLE handle;

    memset(&description, 0, sizeof(description));
    description.Header.Type = NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION;
    description.Header.Revision = NDIS_SG_DMA_DESCRIPTION_REVISION_1;
    description.Header.Size = NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1;
    description.Flags = wide ? NDIS_SG_DMA_64_BIT_ADDRESS : 0;
    description.MaximumPhysicalMapping = sizeof(data);
    description.ProcessSGListHandler = process;
    EXPECT(NdisMRegisterScatterGatherDma(adapter, &description, &handle) == NDIS_STATUS_SUCCESS);
    *list_size = description.ScatterGatherListSize;
    return handle;
}

static void wait_called(unsigned count)
{
    while (atomic_load(&called) < count)
        nt_clock_sleep(NT_MILLISECOND / 10);
}

/* Maps every slot's frame, waits for the callbacks that come late, frees the lists. */
static void round_of(NDIS_HANDLE dma, ULONG list_size, struct random *random)
{
    static uint8_t buffers[SLOTS][4096] __attribute__((aligned(16)));
    unsigned i, before = atomic_load(&called), old;

    for (i = 0; i < SLOTS; i++)
        shape_frame(&slots[i], data, (uint32_t)random_below(random, sizeof(data) + 1), LIBERTY_ALL,
                    random);
    old = irql_raise(DISPATCH_LEVEL, NULL);
    for (i = 0; i < SLOTS; i++) {
        bool own = random_chance(random, 1, 2);

        EXPECT(NdisMAllocateNetBufferSGList(dma, slots[i].nb, slots[i].nb,
                                            NDIS_SG_LIST_WRITE_TO_DEVICE, own ? buffers[i] : NULL,
                                            own ? list_size : 0) == NDIS_STATUS_SUCCESS);
    }
    irql_lower(old, NULL);
    wait_called(before + SLOTS);
    old = irql_raise(DISPATCH_LEVEL, NULL);
    for (i = 0; i < SLOTS; i++)
        NdisMFreeNetBufferSGList(dma, NET_BUFFER_SCATTER_GATHER_LIST(slots[i].nb), slots[i].nb);
    irql_lower(old, NULL);
}

static struct bus no_bus; /* with a device: DMA needs one */

static void lists(bool is_wide, uint64_t seed, const char *name)
{
    struct ndis_adapter *adapter = calloc(1, sizeof(*adapter));
    struct shape_memory memory;
    struct random random;
    ULONG list_size;
    NDIS_HANDLE dma;
    unsigned i;

    wide = is_wide;
    random_seed(&random, seed);
    for (i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)random_next(&random);
    adapter->handle.kind = HANDLE_ADAPTER;
    adapter->seed = seed;
    adapter->liberties = LIBERTY_ALL;
    atomic_store(&adapter->state, ADAPTER_INITIALIZING);
    adapter->bus = &no_bus;
    adapter->registration_set = true;
    adapter->registration.AttributeFlags = NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER;
    EXPECT(!shape_memory_create(&memory, slots, SLOTS, LIBERTY_ALL, 0));
    dma = channel(adapter, &list_size);
    for (i = 0; i < ROUNDS / SLOTS; i++)
        round_of(dma, list_size, &random);
    EXPECT(adapter->counters.sg_lists_late > 0);
    NdisMDeregisterScatterGatherDma(dma);
    EXPECT(rules_violations() == 0);
    dma_release(adapter);
    shape_memory_destroy(&memory);
    free(adapter);
    native_end(name);
}

int main(void)
{
    uint64_t seed;

    native_start(&seed);
    lists(true, seed, "scatter-gather-64-bit");
    EXPECT(double_buffered == 0);
    lists(false, seed, "scatter-gather-32-bit");
    EXPECT(double_buffered > 0);
    native_end("scatter-gather-32-bit-double-buffers");
    return native_stop();
}
