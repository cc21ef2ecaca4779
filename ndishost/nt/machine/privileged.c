/* SPDX-License-Identifier: MIT */
/* Instructions that only a kernel may execute; see privileged.h. */
#include <Zydis/Zydis.h>
#include "loader/patch.h"
#include "nt/machine/ioport.h"
#include "nt/machine/callback.h"
#include "nt/machine/irql.h"
#include "nt/machine/probe.h"
#include "nt/machine/privileged.h"
#include "nt/machine/trap_registers.h"
#include "rules/rules.h"

#if defined(__x86_64__)
#define MACHINE_MODE ZYDIS_MACHINE_MODE_LONG_64
#define STACK_WIDTH  ZYDIS_STACK_WIDTH_64
static const int greg_index[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                   REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                   REG_R12, REG_R13, REG_R14, REG_R15};
#else
#define MACHINE_MODE ZYDIS_MACHINE_MODE_LEGACY_32
#define STACK_WIDTH  ZYDIS_STACK_WIDTH_32
static const int greg_index[8] = {REG_EAX, REG_ECX, REG_EDX, REG_EBX,
                                  REG_ESP, REG_EBP, REG_ESI, REG_EDI};
#endif
enum { AX = 0, CX = 1, DX = 2, SI = 6, DI = 7 };
#define FLAG_DF 0x400

struct privileged {
    ucontext_t *context;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
};

static greg_t *general(const struct privileged *p, int number)
{
    return &p->context->uc_mcontext.gregs[greg_index[number]];
}

static void step_over(struct privileged *p)
{
    p->context->uc_mcontext.gregs[TRAP_PC] += p->insn.length;
}

/* ---- IRQL ---- */

static bool is_cr8(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER && operand->reg.value == ZYDIS_REGISTER_CR8;
}

/* The move of CR8 at `caller`, executed by a call of the driver's patched code, or by its fault. */
static void move_cr8(bool write, uint64_t *value, const void *caller)
{
    if (!write) {
        callback_irql_asked(caller);
        *value = irql_get();
        return;
    }
    callback_irql_raised();
    irql_write((unsigned)*value, caller);
}

void privileged_install(void)
{
    patch_set_operation(move_cr8);
}

/* CR8 exists on x64 alone, and moves from and to it always have 64 bits there. */
static bool execute_cr8(struct privileged *p)
{
    const void *caller = (const void *)trap_pc(p->context);
    uint64_t value;

    if (is_cr8(&p->operand[1])) {
        move_cr8(false, &value, caller);
        *general(p, ZydisRegisterGetId(p->operand[0].reg.value)) = (greg_t)value;
        step_over(p);
        return true;
    }
    if (!is_cr8(&p->operand[0]))
        return false;
    /* Before the step: raising may report, and then the driver's address must be this one. */
    value = (uint64_t)*general(p, ZydisRegisterGetId(p->operand[1].reg.value));
    move_cr8(true, &value, caller);
    step_over(p);
    return true;
}

/* ---- Ports ---- */

/* The operand that names the port: an immediate byte or dx. */
static uint64_t port_of(const struct privileged *p, const ZydisDecodedOperand *operand)
{
    if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
        return operand->imm.value.u & 0xFF;
    return (uint64_t)*general(p, DX) & 0xFFFF;
}

static bool execute_in(struct privileged *p)
{
    unsigned bits = p->operand[0].size;
    greg_t *ax = general(p, AX);
    uint32_t value;

    ioport_read(port_of(p, &p->operand[1]), bits / 8, &value);
    if (bits == 32)
        *ax = (greg_t)(uintptr_t)value;
    else
        *ax = (greg_t)(((uintptr_t)*ax & ~(((uintptr_t)1 << bits) - 1)) |
                       (value & ((1u << bits) - 1)));
    step_over(p);
    return true;
}

static bool execute_out(struct privileged *p)
{
    unsigned bits = p->operand[1].size;
    uint32_t value = (uint32_t)*general(p, AX);

    ioport_write(port_of(p, &p->operand[0]), bits / 8,
                 bits == 32 ? value : value & ((1u << bits) - 1));
    step_over(p);
    return true;
}

/* ins and outs, the latter if `out`: READ_PORT_BUFFER_xxx and its like. */
static bool execute_port_string(struct privileged *p, unsigned size, bool out)
{
    greg_t step = p->context->uc_mcontext.gregs[REG_EFL] & FLAG_DF ? -(greg_t)size : (greg_t)size;
    bool repeat = p->insn.attributes & ZYDIS_ATTRIB_HAS_REP;
    uint64_t port = (uint64_t)*general(p, DX) & 0xFFFF;
    greg_t *memory = general(p, out ? SI : DI);
    uint32_t value = 0;

    while (!repeat || *general(p, CX) != 0) {
        if (out) {
            if (probe_copy(&value, (const void *)*memory, size) != size)
                return false;
            ioport_write(port, size, value);
        } else {
            ioport_read(port, size, &value);
            if (probe_copy((void *)*memory, &value, size) != size)
                return false;
        }
        *memory += step;
        if (!repeat)
            break;
        *general(p, CX) -= 1;
    }
    step_over(p);
    return true;
}

/* ---- The rest ---- */

static bool forbidden(struct privileged *p, const char *mnemonic, const char *instead)
{
    rule_violation("PrivilegedInstruction", (const void *)trap_pc(p->context),
                   "%s: a driver must not do this itself; %s", mnemonic, instead);
    step_over(p);
    return true;
}

static bool decode(struct privileged *p)
{
    uint8_t code[ZYDIS_MAX_INSTRUCTION_LENGTH];
    size_t length = probe_copy(code, (const void *)trap_pc(p->context), sizeof code);
    ZydisDecoder decoder;

    return ZYAN_SUCCESS(ZydisDecoderInit(&decoder, MACHINE_MODE, STACK_WIDTH)) &&
           ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code, length, &p->insn, p->operand));
}

bool privileged_execute(ucontext_t *context, const char **what)
{
    struct privileged p = {.context = context};

    *what = NULL;
    if (!decode(&p))
        return false;
    switch (p.insn.mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
        if (execute_cr8(&p))
            return true;
        break;
    case ZYDIS_MNEMONIC_IN:
        return execute_in(&p);
    case ZYDIS_MNEMONIC_OUT:
        return execute_out(&p);
    case ZYDIS_MNEMONIC_INSB:
        return execute_port_string(&p, 1, false);
    case ZYDIS_MNEMONIC_INSW:
        return execute_port_string(&p, 2, false);
    case ZYDIS_MNEMONIC_INSD:
        return execute_port_string(&p, 4, false);
    case ZYDIS_MNEMONIC_OUTSB:
        return execute_port_string(&p, 1, true);
    case ZYDIS_MNEMONIC_OUTSW:
        return execute_port_string(&p, 2, true);
    case ZYDIS_MNEMONIC_OUTSD:
        return execute_port_string(&p, 4, true);
    case ZYDIS_MNEMONIC_CLI:
        return forbidden(&p, "cli", "it raises IRQL or takes the interrupt's spin lock");
    case ZYDIS_MNEMONIC_STI:
        return forbidden(&p, "sti", "it lowers IRQL or gives the interrupt's spin lock back");
    case ZYDIS_MNEMONIC_HLT:
        return forbidden(&p, "hlt", "it waits for an event or a timer");
    default:
        break;
    }
    if (p.insn.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED ||
        p.insn.meta.category == ZYDIS_CATEGORY_INTERRUPT)
        *what = ZydisMnemonicGetString(p.insn.mnemonic);
    return false;
}
