/* SPDX-License-Identifier: MIT */
/* One instruction in the place of the processor; see emulate.h. */
#include <Zydis/Zydis.h>
#include "nt/machine/emulate.h"
#include "nt/machine/probe.h"

#define FLAG_CF     0x001u
#define FLAG_PF     0x004u
#define FLAG_AF     0x010u
#define FLAG_ZF     0x040u
#define FLAG_SF     0x080u
#define FLAG_DF     0x400u
#define FLAG_OF     0x800u
#define FLAGS_ARITH (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

static const char why_decode[] = "the instruction cannot be decoded";
static const char why_kind[] =
    "an instruction that is not a plain load, store or read-modify-write";
static const char why_vector[] =
    "a vector or floating-point access (use 1, 2, 4 or 8 byte accesses)";
static const char why_interlocked[] =
    "an interlocked operation, which no device register can honour";
static const char why_segment[] = "an access through fs or gs";
static const char why_operand[] =
    "the address of the instruction's operand differs from the address that faulted";
static const char why_refused[] = "an access outside what was mapped";
static const char why_other[] =
    "the other operand of a string instruction is in memory that is not there";

/* The instruction at work. reg[] are the general registers in the order of their encodings. */
struct cpu {
    ucontext_t *context;
    const struct emulate_memory *memory;
    void *memory_context;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
};

#if defined(__x86_64__)
#define MACHINE_MODE  ZYDIS_MACHINE_MODE_LONG_64
#define STACK_WIDTH   ZYDIS_STACK_WIDTH_64
#define FIRST_GENERAL ZYDIS_REGISTER_RAX
static const int greg_index[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                   REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                   REG_R12, REG_R13, REG_R14, REG_R15};
#define REG_PC REG_RIP
#else
#define MACHINE_MODE  ZYDIS_MACHINE_MODE_LEGACY_32
#define STACK_WIDTH   ZYDIS_STACK_WIDTH_32
#define FIRST_GENERAL ZYDIS_REGISTER_EAX
static const int greg_index[8] = {REG_EAX, REG_ECX, REG_EDX, REG_EBX,
                                  REG_ESP, REG_EBP, REG_ESI, REG_EDI};
#define REG_PC        REG_EIP
#endif
#define GENERAL_COUNT ((int)(sizeof greg_index / sizeof greg_index[0]))
enum { GENERAL_AX = 0, GENERAL_CX = 1, GENERAL_SI = 6, GENERAL_DI = 7 };

static uint64_t mask_of(unsigned bits)
{
    return bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}

static uint64_t sign_extend(uint64_t value, unsigned bits)
{
    uint64_t sign = (uint64_t)1 << (bits - 1);

    return ((value & mask_of(bits)) ^ sign) - sign;
}

/* ---- Registers ---- */

static greg_t *general(const struct cpu *cpu, int number)
{
    return &cpu->context->uc_mcontext.gregs[greg_index[number]];
}

static greg_t *flags(const struct cpu *cpu)
{
    return &cpu->context->uc_mcontext.gregs[REG_EFL];
}

/* The number of a general register of any width, -1 if it is none. */
static int general_number(ZydisRegister reg)
{
    int number = (int)ZydisRegisterGetLargestEnclosing(MACHINE_MODE, reg) - (int)FIRST_GENERAL;

    return number >= 0 && number < GENERAL_COUNT ? number : -1;
}

static bool is_high_byte(ZydisRegister reg)
{
    return reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH;
}

static uint64_t register_read(const struct cpu *cpu, ZydisRegister reg)
{
    uint64_t value = (uint64_t)*general(cpu, general_number(reg));

    if (is_high_byte(reg))
        value >>= 8;
    return value & mask_of(ZydisRegisterGetWidth(MACHINE_MODE, reg));
}

/* As the processor writes it: 32 bits clear the upper half, 8 and 16 leave the rest alone. */
static void register_write(struct cpu *cpu, ZydisRegister reg, uint64_t value)
{
    unsigned bits = ZydisRegisterGetWidth(MACHINE_MODE, reg);
    unsigned shift = is_high_byte(reg) ? 8 : 0;
    greg_t *r = general(cpu, general_number(reg));

    if (bits >= 32)
        *r = (greg_t)(value & mask_of(bits));
    else
        *r = (greg_t)(((uint64_t)*r & ~(mask_of(bits) << shift)) |
                      ((value & mask_of(bits)) << shift));
}

/* ---- Operands ---- */

static const char *memory_address(const struct cpu *cpu, const ZydisDecodedOperand *operand,
                                  uintptr_t *address)
{
    const ZydisDecodedOperandMem *mem = &operand->mem;
    uint64_t sum = mem->disp.has_displacement ? (uint64_t)mem->disp.value : 0;

    if (mem->segment == ZYDIS_REGISTER_FS || mem->segment == ZYDIS_REGISTER_GS)
        return why_segment;
    if (mem->base == ZYDIS_REGISTER_RIP || mem->base == ZYDIS_REGISTER_EIP)
        sum += (uint64_t)cpu->context->uc_mcontext.gregs[REG_PC] + cpu->insn.length;
    else if (mem->base != ZYDIS_REGISTER_NONE)
        sum += register_read(cpu, mem->base);
    if (mem->index != ZYDIS_REGISTER_NONE)
        sum += register_read(cpu, mem->index) * mem->scale;
    *address = (uintptr_t)(sum & mask_of(cpu->insn.address_width));
    return NULL;
}

static const char *why_not(enum emulate_result result)
{
    switch (result) {
    case EMULATE_DONE:
        return NULL;
    case EMULATE_ORDINARY:
        return why_operand;
    default:
        return why_refused;
    }
}

static const char *operand_read(const struct cpu *cpu, const ZydisDecodedOperand *operand,
                                uint64_t *value)
{
    uintptr_t address;
    const char *why;

    switch (operand->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
        if (general_number(operand->reg.value) < 0)
            return why_kind;
        *value = register_read(cpu, operand->reg.value);
        return NULL;
    case ZYDIS_OPERAND_TYPE_IMMEDIATE:
        *value = operand->imm.value.u;
        return NULL;
    case ZYDIS_OPERAND_TYPE_MEMORY:
        why = memory_address(cpu, operand, &address);
        if (why)
            return why;
        return why_not(cpu->memory->read(cpu->memory_context, address, operand->size / 8, value));
    default:
        return why_kind;
    }
}

static const char *operand_write(struct cpu *cpu, const ZydisDecodedOperand *operand,
                                 uint64_t value)
{
    uintptr_t address;
    const char *why;

    if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER) {
        if (general_number(operand->reg.value) < 0)
            return why_kind;
        register_write(cpu, operand->reg.value, value);
        return NULL;
    }
    why = memory_address(cpu, operand, &address);
    if (why)
        return why;
    value &= mask_of(operand->size);
    return why_not(cpu->memory->write(cpu->memory_context, address, operand->size / 8, value));
}

/* ---- Arithmetic and flags ---- */

struct result {
    uint64_t value;
    uint32_t flags; /* the six arithmetic flags */
};

static uint32_t flags_of_value(uint64_t value, unsigned bits)
{
    uint32_t f = 0;

    if (!__builtin_parity((unsigned)(value & 0xFF)))
        f |= FLAG_PF;
    if ((value & mask_of(bits)) == 0)
        f |= FLAG_ZF;
    if (value >> (bits - 1) & 1)
        f |= FLAG_SF;
    return f;
}

static struct result arith_add(uint64_t a, uint64_t b, unsigned carry, unsigned bits)
{
    uint64_t r = (a + b + carry) & mask_of(bits);
    uint32_t f = flags_of_value(r, bits);

    if (((a & b) | ((a | b) & ~r)) >> (bits - 1) & 1)
        f |= FLAG_CF;
    if (((a ^ r) & (b ^ r)) >> (bits - 1) & 1)
        f |= FLAG_OF;
    if ((a ^ b ^ r) & 0x10)
        f |= FLAG_AF;
    return (struct result){r, f};
}

static struct result arith_sub(uint64_t a, uint64_t b, unsigned borrow, unsigned bits)
{
    uint64_t r = (a - b - borrow) & mask_of(bits);
    uint32_t f = flags_of_value(r, bits);

    if (((~a & b) | (~(a ^ b) & r)) >> (bits - 1) & 1)
        f |= FLAG_CF;
    if (((a ^ b) & (a ^ r)) >> (bits - 1) & 1)
        f |= FLAG_OF;
    if ((a ^ b ^ r) & 0x10)
        f |= FLAG_AF;
    return (struct result){r, f};
}

static struct result arith_logic(uint64_t r, unsigned bits)
{
    return (struct result){r & mask_of(bits), flags_of_value(r, bits)};
}

/* The result of `mnemonic` on a and b, both masked to `bits`; false if it is not of this family. */
static bool arith(ZydisMnemonic mnemonic, uint64_t a, uint64_t b, unsigned bits, uint32_t old,
                  struct result *result)
{
    unsigned carry = old & FLAG_CF;

    switch (mnemonic) {
    case ZYDIS_MNEMONIC_ADD:
    case ZYDIS_MNEMONIC_ADC:
        *result = arith_add(a, b, mnemonic == ZYDIS_MNEMONIC_ADC ? carry : 0, bits);
        return true;
    case ZYDIS_MNEMONIC_SUB:
    case ZYDIS_MNEMONIC_CMP:
    case ZYDIS_MNEMONIC_SBB:
        *result = arith_sub(a, b, mnemonic == ZYDIS_MNEMONIC_SBB ? carry : 0, bits);
        return true;
    case ZYDIS_MNEMONIC_AND:
    case ZYDIS_MNEMONIC_TEST:
        *result = arith_logic(a & b, bits);
        return true;
    case ZYDIS_MNEMONIC_OR:
        *result = arith_logic(a | b, bits);
        return true;
    case ZYDIS_MNEMONIC_XOR:
        *result = arith_logic(a ^ b, bits);
        return true;
    case ZYDIS_MNEMONIC_INC:
        *result = arith_add(a, 1, 0, bits);
        result->flags = (result->flags & ~FLAG_CF) | carry;
        return true;
    case ZYDIS_MNEMONIC_DEC:
        *result = arith_sub(a, 1, 0, bits);
        result->flags = (result->flags & ~FLAG_CF) | carry;
        return true;
    case ZYDIS_MNEMONIC_NEG:
        *result = arith_sub(0, a, 0, bits);
        return true;
    case ZYDIS_MNEMONIC_NOT:
        *result = (struct result){~a & mask_of(bits), old & FLAGS_ARITH};
        return true;
    default:
        return false;
    }
}

static const char *exec_arith(struct cpu *cpu)
{
    const ZydisDecodedOperand *first = &cpu->operand[0], *second = &cpu->operand[1];
    ZydisMnemonic mnemonic = cpu->insn.mnemonic;
    bool unary = cpu->insn.operand_count_visible == 1;
    unsigned bits = first->size;
    struct result result;
    uint64_t a = 0, b = 0;
    const char *why;

    if (!arith(mnemonic, 0, 0, bits, 0, &result))
        return why_kind;
    why = operand_read(cpu, first, &a);
    if (!why && !unary)
        why = operand_read(cpu, second, &b);
    if (why)
        return why;
    arith(mnemonic, a, b & mask_of(bits), bits, (uint32_t)*flags(cpu), &result);
    if (mnemonic != ZYDIS_MNEMONIC_CMP && mnemonic != ZYDIS_MNEMONIC_TEST) {
        why = operand_write(cpu, first, result.value);
        if (why)
            return why;
    }
    *flags(cpu) = (greg_t)(((uint64_t)*flags(cpu) & ~(uint64_t)FLAGS_ARITH) | result.flags);
    return NULL;
}

/* The condition that the low four bits of a setcc or cmovcc opcode name. */
static bool condition(unsigned code, uint32_t f)
{
    bool less = !(f & FLAG_SF) != !(f & FLAG_OF);
    bool truth;

    switch (code >> 1 & 7) {
    case 0:
        truth = f & FLAG_OF;
        break;
    case 1:
        truth = f & FLAG_CF;
        break;
    case 2:
        truth = f & FLAG_ZF;
        break;
    case 3:
        truth = f & (FLAG_CF | FLAG_ZF);
        break;
    case 4:
        truth = f & FLAG_SF;
        break;
    case 5:
        truth = f & FLAG_PF;
        break;
    case 6:
        truth = less;
        break;
    default:
        truth = less || (f & FLAG_ZF);
        break;
    }
    return truth != (code & 1);
}

/* ---- Moves ---- */

static const char *exec_move(struct cpu *cpu, bool is_signed)
{
    uint64_t value;
    const char *why = operand_read(cpu, &cpu->operand[1], &value);

    if (why)
        return why;
    if (is_signed)
        value = sign_extend(value, cpu->operand[1].size);
    return operand_write(cpu, &cpu->operand[0], value);
}

static const char *exec_movbe(struct cpu *cpu)
{
    uint64_t value;
    const char *why = operand_read(cpu, &cpu->operand[1], &value);

    if (why)
        return why;
    return operand_write(cpu, &cpu->operand[0],
                         __builtin_bswap64(value) >> (64 - cpu->operand[0].size));
}

/* The memory operand is written first, so that a refusal leaves the register as it was. */
static const char *exec_xchg(struct cpu *cpu)
{
    bool first_is_memory = cpu->operand[0].type == ZYDIS_OPERAND_TYPE_MEMORY;
    const ZydisDecodedOperand *memory = &cpu->operand[first_is_memory ? 0 : 1];
    const ZydisDecodedOperand *reg = &cpu->operand[first_is_memory ? 1 : 0];
    uint64_t a, b;
    const char *why = operand_read(cpu, memory, &a);

    if (!why)
        why = operand_read(cpu, reg, &b);
    if (!why)
        why = operand_write(cpu, memory, b);
    return why ? why : operand_write(cpu, reg, a);
}

static const char *exec_conditional(struct cpu *cpu)
{
    bool truth = condition(cpu->insn.opcode, (uint32_t)*flags(cpu));
    uint64_t value;
    const char *why;

    if ((cpu->insn.opcode & 0xF0) == 0x90)
        return operand_write(cpu, &cpu->operand[0], truth);
    /* cmovcc loads whatever the condition says, and clears the upper half of a 32-bit target. */
    why = operand_read(cpu, &cpu->operand[1], &value);
    if (!why && !truth)
        why = operand_read(cpu, &cpu->operand[0], &value);
    return why ? why : operand_write(cpu, &cpu->operand[0], value);
}

/* ---- String instructions ---- */

static const char *string_load(const struct cpu *cpu, uintptr_t address, unsigned size,
                               uint64_t *value, bool *ours)
{
    *value = 0;
    switch (cpu->memory->read(cpu->memory_context, address, size, value)) {
    case EMULATE_DONE:
        *ours = true;
        return NULL;
    case EMULATE_ORDINARY:
        /* What a person in a debugger would do: look, and see whether it is there. */
        return probe_copy(value, (const void *)address, size) == size ? NULL : why_other;
    default:
        return why_refused;
    }
}

static const char *string_store(const struct cpu *cpu, uintptr_t address, unsigned size,
                                uint64_t value, bool *ours)
{
    switch (cpu->memory->write(cpu->memory_context, address, size, value)) {
    case EMULATE_DONE:
        *ours = true;
        return NULL;
    case EMULATE_ORDINARY:
        return probe_copy((void *)address, &value, size) == size ? NULL : why_other;
    default:
        return why_refused;
    }
}

/* One element. Registers are advanced only when it is done. */
static const char *string_element(struct cpu *cpu, unsigned size, bool *ours)
{
    uint64_t mask = mask_of(cpu->insn.address_width);
    greg_t *si = general(cpu, GENERAL_SI), *di = general(cpu, GENERAL_DI);
    uint64_t step = (uint64_t)*flags(cpu) & FLAG_DF ? -(uint64_t)size : size;
    bool loads = (cpu->insn.opcode & ~1u) != 0xAA, stores = (cpu->insn.opcode & ~1u) != 0xAC;
    uint64_t value = (uint64_t)*general(cpu, GENERAL_AX) & mask_of(size * 8);
    const char *why = NULL;

    if (loads)
        why = string_load(cpu, (uintptr_t)((uint64_t)*si & mask), size, &value, ours);
    if (!why && stores)
        why = string_store(cpu, (uintptr_t)((uint64_t)*di & mask), size, value, ours);
    if (why)
        return why;
    if (!stores && size >= 4)
        *general(cpu, GENERAL_AX) = (greg_t)value;
    else if (!stores)
        *general(cpu, GENERAL_AX) =
            (greg_t)(((uint64_t)*general(cpu, GENERAL_AX) & ~mask_of(size * 8)) | value);
    if (loads)
        *si = (greg_t)(((uint64_t)*si + step) & mask);
    if (stores)
        *di = (greg_t)(((uint64_t)*di + step) & mask);
    return NULL;
}

static const char *exec_string(struct cpu *cpu)
{
    uint64_t mask = mask_of(cpu->insn.address_width);
    unsigned size = cpu->insn.opcode & 1 ? cpu->insn.operand_width / 8 : 1;
    bool repeat = cpu->insn.attributes & ZYDIS_ATTRIB_HAS_REP;
    greg_t *cx = general(cpu, GENERAL_CX);
    const char *why = NULL;
    bool ours = false;

    if (cpu->insn.attributes & (ZYDIS_ATTRIB_HAS_SEGMENT_FS | ZYDIS_ATTRIB_HAS_SEGMENT_GS))
        return why_segment;
    while (!why && (!repeat || ((uint64_t)*cx & mask) != 0)) {
        why = string_element(cpu, size, &ours);
        if (!repeat)
            break;
        if (!why)
            *cx = (greg_t)(((uint64_t)*cx - 1) & mask);
    }
    /* An instruction that touched ordinary memory alone cannot have faulted for our sake. */
    return why || ours ? why : why_operand;
}

/* ---- Decoding ---- */

static const char *decode(struct cpu *cpu)
{
    uint8_t code[ZYDIS_MAX_INSTRUCTION_LENGTH];
    ZydisDecoder decoder;
    size_t length =
        probe_copy(code, (const void *)cpu->context->uc_mcontext.gregs[REG_PC], sizeof code);

    if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, MACHINE_MODE, STACK_WIDTH)) ||
        !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code, length, &cpu->insn, cpu->operand)))
        return why_decode;
    return NULL;
}

static const char *exec_other(struct cpu *cpu)
{
    ZydisInstructionCategory category = cpu->insn.meta.category;

    if (cpu->insn.opcode_map == ZYDIS_OPCODE_MAP_0F &&
        ((cpu->insn.opcode & 0xF0) == 0x90 || (cpu->insn.opcode & 0xF0) == 0x40) &&
        (category == ZYDIS_CATEGORY_SETCC || category == ZYDIS_CATEGORY_CMOV))
        return exec_conditional(cpu);
    if (cpu->insn.mnemonic == ZYDIS_MNEMONIC_XADD || cpu->insn.mnemonic == ZYDIS_MNEMONIC_CMPXCHG ||
        cpu->insn.mnemonic == ZYDIS_MNEMONIC_CMPXCHG8B ||
        cpu->insn.mnemonic == ZYDIS_MNEMONIC_CMPXCHG16B)
        return why_interlocked;
    if (cpu->insn.meta.isa_ext != ZYDIS_ISA_EXT_BASE)
        return why_vector;
    return exec_arith(cpu);
}

static const char *exec(struct cpu *cpu)
{
    /* The string mnemonics share a name with SSE's movsd; their opcodes share nothing. */
    if (cpu->insn.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
        (cpu->insn.meta.category == ZYDIS_CATEGORY_STRINGOP)) {
        unsigned kind = cpu->insn.opcode & ~1u;

        return kind == 0xA4 || kind == 0xAA || kind == 0xAC ? exec_string(cpu) : why_kind;
    }
    switch (cpu->insn.mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVZX:
    case ZYDIS_MNEMONIC_MOVNTI:
        return exec_move(cpu, false);
    case ZYDIS_MNEMONIC_MOVSX:
    case ZYDIS_MNEMONIC_MOVSXD:
        return exec_move(cpu, true);
    case ZYDIS_MNEMONIC_MOVBE:
        return exec_movbe(cpu);
    case ZYDIS_MNEMONIC_XCHG:
        return exec_xchg(cpu);
    default:
        return exec_other(cpu);
    }
}

const char *emulate_access(ucontext_t *context, const struct emulate_memory *memory,
                           void *memory_context)
{
    struct cpu cpu = {.context = context, .memory = memory, .memory_context = memory_context};
    const char *why = decode(&cpu);

    if (!why)
        why = exec(&cpu);
    if (!why)
        context->uc_mcontext.gregs[REG_PC] += cpu.insn.length;
    return why;
}
