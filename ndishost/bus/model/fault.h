/* SPDX-License-Identifier: MIT */
/*
 * fault.h: every way in which the model can misbehave, in one table; `--bus help` prints it.
 *   fault_arm(&faults, "used_twice@3")  ...  if (fault_hit(&faults, FAULT_USED_TWICE)) ...
 * A fault counts its own occasions: @N lets it strike at the Nth (the first, if N is not given), ONCE
 * or FROM there on, until it is disarmed.
 */
#ifndef NDISHOST_MODEL_FAULT_H
#define NDISHOST_MODEL_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* FAULT(identifier, ONCE or FROM, name, what happens, and at what it counts) */
#define FAULTS(FAULT)                                                                              \
    FAULT(GONE, FROM, "gone", "all registers read all ones, from the Nth register access on")      \
    FAULT(GONE_FRAME, FROM, "gone_frame", "the same, from the Nth frame on")                       \
    FAULT(RESET_NEVER, FROM, "reset_never", "device_status never gets to 0 after the Nth reset")   \
    FAULT(RESET_IGNORED, ONCE, "reset_ignored",                                                    \
          "the Nth reset of a device whose status is not 0 does nothing")                          \
    FAULT(RESET_SLOW, FROM, "reset_slow", "resets take reset_ms, from the Nth on")                 \
    FAULT(FEATURES_REFUSED, FROM, "features_refused", "FEATURES_OK does not stay set")             \
    FAULT(NEEDS_RESET, ONCE, "needs_reset", "DEVICE_NEEDS_RESET is set at the Nth frame")          \
    FAULT(QUEUE_SIZE_ODD, FROM, "queue_size_odd", "queue_size is no power of two until it is set") \
    FAULT(QUEUE_SMALL, FROM, "queue_small",                                                        \
          "from a reset on, queues have a quarter of their size")                                  \
    FAULT(MTU_SMALL, FROM, "mtu_small", "from a reset on, the MTU is 1000")                        \
    FAULT(MTU_TINY, FROM, "mtu_tiny", "from a reset on, the MTU is 67")                            \
    FAULT(MASTER_LOST, ONCE, "master_lost",                                                        \
          "at the Nth D0 after D1 to D3 bus mastering is off in the command register")             \
    FAULT(QUEUE_ENABLED, FROM, "queue_enabled", "queue_enable reads 1 before the queue is set up") \
    FAULT(QUEUE_STUCK, FROM, "queue_stuck", "queue_enable reads 0 after 1 was written")            \
    FAULT(NOTIFY_RANGE, FROM, "notify_range", "queue_notify_off leads out of the structure")       \
    FAULT(GENERATION, FROM, "generation", "config_generation differs at every read")               \
    FAULT(CONFIG_TORN, ONCE, "config_torn",                                                        \
          "the configuration changes between reads, until its generation was read N times")        \
    FAULT(MAC_GROUP, FROM, "mac_group", "the MAC address is a multicast one")                      \
    FAULT(MAC_ZERO, FROM, "mac_zero", "the MAC address is all zeros")                              \
    FAULT(STATUS_GARBAGE, FROM, "status_garbage", "the link status has all reserved bits set")     \
    FAULT(ISR_ZERO, ONCE, "isr_zero",                                                              \
          "at the Nth interrupt the line is up, but the ISR status reads 0 three times first")     \
    FAULT(ISR_STUCK, ONCE, "isr_stuck", "at the Nth interrupt the ISR status stays for 20 reads")  \
    FAULT(ISR_RESERVED, FROM, "isr_reserved", "the ISR status has all reserved bits set")          \
    FAULT(SPURIOUS, FROM, "interrupt_spurious", "interrupts with nothing used, after each batch")  \
    FAULT(LOST, ONCE, "interrupt_lost", "the Nth used buffer notification is not sent")            \
    FAULT(CONFIG_SPURIOUS, FROM, "config_spurious", "configuration interrupts without a change")   \
    FAULT(USED_ID_RANGE, ONCE, "used_id_range", "the Nth used id is beyond the queue")             \
    FAULT(USED_ID_HIGH, ONCE, "used_id_high", "the Nth used id has bits above the lower 16")       \
    FAULT(USED_ID_FREE, ONCE, "used_id_free", "the Nth used id is no outstanding chain's")         \
    FAULT(USED_TWICE, ONCE, "used_twice", "the Nth used buffer is used twice")                     \
    FAULT(USED_LEN, ONCE, "used_len", "the Nth used len of a receive buffer is larger than it")    \
    FAULT(USED_LEN_HUGE, ONCE, "used_len_huge",                                                    \
          "the Nth used len of a receive buffer is 0xffffffff")                                    \
    FAULT(USED_LEN_OUT, FROM, "used_len_out",                                                      \
          "the used len of a transmit buffer is what was sent")                                    \
    FAULT(USED_IDX_JUMP, ONCE, "used_idx_jump", "used idx runs ahead by more than the queue")      \
    FAULT(USED_IDX_BACK, ONCE, "used_idx_back", "used idx goes back by one")                       \
    FAULT(USED_STALE, ONCE, "used_stale", "used idx advances, the element was not written")        \
    FAULT(USED_FLAGS, FROM, "used_flags", "the used ring's reserved flags are set")                \
    FAULT(NO_NOTIFY, FROM, "no_notify", "NO_NOTIFY is always set (the device looks every 1 ms)")   \
    FAULT(AVAIL_SCRIBBLE, ONCE, "avail_scribble", "the available ring is overwritten")             \
    FAULT(DESC_SCRIBBLE, ONCE, "desc_scribble", "the descriptor table is overwritten")             \
    FAULT(RX_SHORT, ONCE, "rx_short", "the Nth received buffer is shorter than the header")        \
    FAULT(RX_EMPTY, ONCE, "rx_empty", "the Nth received frame has a header and no data")           \
    FAULT(RX_RUNT, ONCE, "rx_runt", "the Nth received frame is 13 bytes long")                     \
    FAULT(RX_LONG, ONCE, "rx_long", "the Nth received frame fills the whole buffer")               \
    FAULT(RX_NUM_ZERO, ONCE, "rx_num_zero", "the Nth received frame has num_buffers 0")            \
    FAULT(RX_NUM_MANY, ONCE, "rx_num_many", "the Nth received frame has num_buffers 2")            \
    FAULT(RX_FLAGS, ONCE, "rx_flags", "the Nth received frame has header flags never negotiated")  \
    FAULT(RX_TUNNEL, ONCE, "rx_tunnel", "the Nth received frame is from a UDP tunnel, over IPv4")  \
    FAULT(RX_TUNNELS, ONCE, "rx_tunnels",                                                          \
          "the Nth received frame is from two UDP tunnels at once")                                \
    FAULT(RX_STALL, FROM, "rx_stall", "no receive buffer is used, from the Nth frame on")          \
    FAULT(TX_STALL, FROM, "tx_stall", "no transmit buffer is used, from the Nth frame on")         \
    FAULT(DEAD, FROM, "dead", "no buffer is used and no interrupt sent, from the Nth frame on")

#define FAULT_ENUM(id, kind, name, text) FAULT_##id,
enum fault_id { FAULTS(FAULT_ENUM) FAULT_COUNT };
_Static_assert(FAULT_COUNT <= 64, "faults are kept in the bits of one word");

/* The lines of the help. */
#define FAULT_HELP(id, kind, name, text) "    " name ": " text "\n"

struct faults {
    _Alignas(8) _Atomic uint64_t armed; /* one bit each: what costs time when none is */
    struct {
        atomic_long left; /* occasions until it strikes */
        atomic_ulong struck;
    } fault[FAULT_COUNT];
};

/* "NAME" or "NAME@N"; several joined by '+'. Adds to what is armed. NULL, or the part not understood. */
const char *fault_arm(struct faults *faults, const char *text);
void fault_disarm(struct faults *faults);
const char *fault_name(enum fault_id id);

/* A fault that lasts has struck once more. */
void fault_again(struct faults *faults, enum fault_id id);
/* An occasion: does the fault strike here? Any thread. */
bool fault_strikes(struct faults *faults, enum fault_id id);
static inline bool fault_hit(struct faults *faults, enum fault_id id)
{
    return atomic_load_explicit(&faults->armed, memory_order_relaxed) >> id & 1 &&
           fault_strikes(faults, id);
}
/* Armed, whether or not its time has come; counts nothing. */
static inline bool fault_armed(const struct faults *faults, enum fault_id id)
{
    return atomic_load_explicit(&faults->armed, memory_order_relaxed) >> id & 1;
}

#endif
