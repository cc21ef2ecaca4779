/* SPDX-License-Identifier: MIT */
/* Finds moves from and to CR8, and puts calls in their place; see patch.h. */
#include "loader/patch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

bool patch_enabled = true;

#if !defined(__x86_64__)

void patch_set_operation(patch_operation *operation)
{
    (void)operation;
}

struct patch_region patch_image(const struct pe *pe, uint8_t *base)
{
    (void)pe;
    (void)base;
    return (struct patch_region){NULL, 0, 0, 0};
}

void patch_free(struct patch_region *region)
{
    (void)region;
}

#else

#include <Zydis/Zydis.h>

#define DIRECTORY_EXCEPTION 3
#define JUMP_LENGTH         5    /* jmp rel32 */
#define GROUP_MAX           4    /* instructions that one jump takes the place of */
#define FUNCTION_MAX        8192 /* instructions; a longer function keeps its moves */
#define SITES_MAX           4096
#define STUB_ROOM           128 /* bytes of one stub, at most */
#define REACH               0x70000000

/* ---- Calls ---- */

static patch_operation *operation;

/* What the push of a stub names. */
static struct site {
    const void *at;
    uint8_t number; /* of the general register */
    bool write;
} sites[SITES_MAX];
static unsigned site_count;

void patch_set_operation(patch_operation *function)
{
    operation = function;
}

/* The registers as the thunk pushes them: by their numbers, that of rsp unused. */
struct frame {
    uint64_t general[16];
    uint64_t flags, back, site;
};

__attribute__((used, visibility("hidden"))) void patch_called(struct frame *frame)
{
    const struct site *site = &sites[frame->site];

    operation(site->write, &frame->general[site->number], site->at);
}

/* Saves all that a driver may use, since the move that it stands for changes one register alone. */
void patch_thunk(void) __attribute__((visibility("hidden")));
__asm__(".pushsection .text\n"
        ".globl patch_thunk\n"
        ".hidden patch_thunk\n"
        ".type patch_thunk, @function\n"
        "patch_thunk:\n"
        "pushfq\n"
        "push %r15\npush %r14\npush %r13\npush %r12\npush %r11\npush %r10\npush %r9\npush %r8\n"
        "push %rdi\npush %rsi\npush %rbp\npush %rsp\npush %rbx\npush %rdx\npush %rcx\npush %rax\n"
        "mov %rsp, %rbx\n"
        "sub $256, %rsp\n"
        "and $-16, %rsp\n"
        ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
        "movaps %xmm\\n, 16*\\n(%rsp)\n"
        ".endr\n"
        "cld\n"
        "mov %rbx, %rdi\n"
        "call patch_called\n"
        ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
        "movaps 16*\\n(%rsp), %xmm\\n\n"
        ".endr\n"
        "mov %rbx, %rsp\n"
        "pop %rax\npop %rcx\npop %rdx\npop %rbx\nadd $8, %rsp\npop %rbp\npop %rsi\npop %rdi\n"
        "pop %r8\npop %r9\npop %r10\npop %r11\npop %r12\npop %r13\npop %r14\npop %r15\n"
        "popfq\n"
        "ret $8\n"
        ".size patch_thunk, . - patch_thunk\n"
        ".popsection\n");

/* ---- Code ---- */

enum kind { COPY, CR8, FIXED }; /* FIXED: it runs nowhere else */

struct instruction {
    uint32_t rva;
    uint8_t length;
    uint8_t kind;
    uint8_t displacement; /* offset of a displacement that is relative to rip; 0: none */
    bool ends;            /* nothing falls through it */
    uint8_t number;       /* of CR8 */
    bool write;
};

struct work {
    const struct pe *pe;
    uint8_t *base;
    ZydisDecoder decoder;
    uint8_t *targets; /* one bit for each byte of the image: a branch leads there */
    uint8_t *covered; /* the same: it is part of a function of the table */
    struct instruction *code;
    unsigned count;
    bool branches; /* the function has a branch to a known place */
    bool indirect; /* the function jumps by a table: where to is not known */
    struct patch_region region;
    uint32_t used; /* of the region */
};

static bool is_set(const uint8_t *bits, uint32_t rva)
{
    return bits[rva / 8] >> (rva % 8) & 1;
}

static bool is_target(const struct work *w, uint32_t rva)
{
    return is_set(w->targets, rva);
}

static void set(const struct work *w, uint8_t *bits, uint64_t rva)
{
    if (rva < w->pe->image_size)
        bits[rva / 8] |= (uint8_t)(1 << (rva % 8));
}

static bool is_cr8(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER && operand->reg.value == ZYDIS_REGISTER_CR8;
}

/* A move of CR8; the stack pointer is left to the fault. */
static bool describe_cr8(struct instruction *i, const ZydisDecodedOperand *operand)
{
    const ZydisDecodedOperand *general;

    if (!is_cr8(&operand[0]) && !is_cr8(&operand[1]))
        return false;
    i->write = is_cr8(&operand[0]);
    general = &operand[i->write ? 1 : 0];
    i->number = (uint8_t)ZydisRegisterGetId(general->reg.value);
    i->kind = general->reg.value == ZYDIS_REGISTER_RSP ? FIXED : CR8;
    return true;
}

static void describe_branch(struct work *w, struct instruction *i,
                            const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operand)
{
    i->kind = FIXED;
    i->ends = insn->meta.category == ZYDIS_CATEGORY_UNCOND_BR;
    w->branches |= insn->meta.category != ZYDIS_CATEGORY_CALL;
    if (operand[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
        set(w, w->targets, i->rva + i->length + (uint64_t)operand[0].imm.value.s);
    else if (insn->meta.category == ZYDIS_CATEGORY_UNCOND_BR &&
             !(operand[0].type == ZYDIS_OPERAND_TYPE_MEMORY &&
               operand[0].mem.base == ZYDIS_REGISTER_RIP))
        w->indirect = true; /* through the import table it is a call at the end */
}

static void describe(struct work *w, struct instruction *i, const ZydisDecodedInstruction *insn,
                     const ZydisDecodedOperand *operand)
{
    switch (insn->meta.category) {
    case ZYDIS_CATEGORY_CALL:
    case ZYDIS_CATEGORY_COND_BR:
    case ZYDIS_CATEGORY_UNCOND_BR:
        describe_branch(w, i, insn, operand);
        return;
    case ZYDIS_CATEGORY_RET:
        i->ends = true;
        return;
    case ZYDIS_CATEGORY_INTERRUPT:
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSRET:
        i->kind = FIXED;
        return;
    default:
        break;
    }
    if (insn->mnemonic == ZYDIS_MNEMONIC_MOV && describe_cr8(i, operand))
        return;
    if (insn->attributes & ZYDIS_ATTRIB_IS_PRIVILEGED)
        i->kind = FIXED; /* a fault names its address */
    else if (insn->attributes & ZYDIS_ATTRIB_IS_RELATIVE) {
        i->displacement = insn->raw.disp.size == 32 ? insn->raw.disp.offset : 0;
        i->kind = i->displacement ? COPY : FIXED;
    }
}

/* All instructions of a function, or (leaf) those up to its return; false: they cannot be told. */
static bool decode(struct work *w, uint32_t begin, uint32_t end, bool leaf)
{
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction insn;

    w->count = 0;
    w->indirect = w->branches = false;
    while (begin < end) {
        struct instruction *i = &w->code[w->count];

        if (w->count == FUNCTION_MAX ||
            !ZYAN_SUCCESS(
                ZydisDecoderDecodeFull(&w->decoder, w->base + begin, end - begin, &insn, operand)))
            return false;
        *i = (struct instruction){.rva = begin, .length = insn.length};
        describe(w, i, &insn, operand);
        w->count++;
        begin += insn.length;
        if (leaf && i->ends)
            return true;
    }
    return !leaf;
}

/* ---- The table of functions ---- */

struct function {
    uint32_t begin, end, unwind;
};
#define UNWIND_HANDLERS \
    3 /* of the flags: __except or __finally, which lead into the middle of a function */

static bool function_at(const struct work *w, uint32_t index, struct function *function)
{
    const struct pe *pe = w->pe;
    uint64_t at = pe->directory[DIRECTORY_EXCEPTION].rva + (uint64_t)index * sizeof(*function);
    const struct pe_section *section;

    if ((index + 1) * (uint64_t)sizeof(*function) > pe->directory[DIRECTORY_EXCEPTION].size ||
        at + sizeof(*function) > pe->image_size)
        return false;
    memcpy(function, w->base + at, sizeof(*function));
    section = pe_section_at(pe, function->begin);
    if (!section || !(section->flags & PE_SECTION_EXECUTE) || function->end <= function->begin ||
        function->end > section->rva + section->virtual_size || function->unwind >= pe->image_size)
        function->end = function->begin; /* not one */
    return true;
}

/* ---- Stubs ---- */

static void emit(struct work *w, const void *bytes, size_t size)
{
    memcpy((uint8_t *)w->region.code + w->used, bytes, size);
    w->used += (uint32_t)size;
}

/* push the site; call [the thunk's address, which is the first word of the region] */
static void emit_call(struct work *w, const struct instruction *i)
{
    uint8_t push[5] = {0x68}, call[6] = {0xFF, 0x15};
    int32_t site = (int32_t)site_count, away;

    sites[site_count++] =
        (struct site){.at = w->base + i->rva, .number = i->number, .write = i->write};
    memcpy(push + 1, &site, 4);
    emit(w, push, sizeof(push));
    away = -(int32_t)(w->used + sizeof(call));
    memcpy(call + 2, &away, 4);
    emit(w, call, sizeof(call));
}

static void emit_copy(struct work *w, const struct instruction *i)
{
    uint8_t bytes[ZYDIS_MAX_INSTRUCTION_LENGTH];
    const uint8_t *from = w->base + i->rva;
    int64_t moved = from - ((const uint8_t *)w->region.code + w->used);
    int32_t displacement;

    memcpy(bytes, from, i->length);
    if (i->displacement) {
        memcpy(&displacement, bytes + i->displacement, 4);
        displacement = (int32_t)(displacement + moved);
        memcpy(bytes + i->displacement, &displacement, 4);
    }
    emit(w, bytes, i->length);
}

static void emit_back(struct work *w, const void *to)
{
    static const uint8_t jump[6] = {0xFF, 0x25, 0, 0, 0, 0};

    emit(w, jump, sizeof(jump));
    emit(w, &to, sizeof(to));
}

/* Whether a relative displacement still reaches its target from the region. */
static bool reaches(const struct work *w, const struct instruction *i)
{
    int64_t moved = (w->base + i->rva) - ((const uint8_t *)w->region.code + w->used);
    int32_t displacement;

    if (!i->displacement)
        return true;
    memcpy(&displacement, w->base + i->rva + i->displacement, 4);
    return displacement + moved < REACH && displacement + moved > -REACH;
}

/* How many instructions from `first` on, at least `least`, make room for a jump and run elsewhere; 0: they do not. */
static unsigned group_of(const struct work *w, unsigned first, unsigned least)
{
    unsigned length = 0, n = 0;

    while (length < JUMP_LENGTH || n < least) {
        const struct instruction *i = &w->code[first + n];

        if (first + n >= w->count || n == GROUP_MAX || i->kind == FIXED || !reaches(w, i) ||
            (n && (is_target(w, i->rva) || i[-1].ends)))
            return 0;
        length += i->length;
        n++;
    }
    return n;
}

static void replace(struct work *w, unsigned first, unsigned n)
{
    struct instruction *last = &w->code[first + n - 1], *i;
    uint32_t end = last->rva + last->length, begin = w->code[first].rva;
    uint8_t *stub = (uint8_t *)w->region.code + w->used, *site = w->base + begin;
    int32_t away = (int32_t)(stub - (site + JUMP_LENGTH));

    for (i = &w->code[first]; i <= last; i++) {
        if (i->kind == CR8) {
            emit_call(w, i);
            w->region.replaced++;
        } else {
            emit_copy(w, i);
        }
        i->kind = FIXED;
    }
    if (!last->ends)
        emit_back(w, w->base + end);
    *site = 0xE9;
    memcpy(site + 1, &away, 4);
    memset(site + JUMP_LENGTH, 0xCC, end - begin - JUMP_LENGTH);
}

static void patch_function(struct work *w)
{
    for (unsigned k = 0; k < w->count; k++) {
        unsigned n, first = k;

        if (w->code[k].kind != CR8)
            continue;
        n = group_of(w, first, 1);
        if (!n && k && w->code[k - 1].kind == COPY && !is_target(w, w->code[k].rva))
            n = group_of(w, --first, 2);
        if (n && site_count + GROUP_MAX < SITES_MAX && w->used + STUB_ROOM < w->region.size)
            replace(w, first, n);
        else
            w->region.left++;
    }
}

/* ---- The image ---- */

/* The sections have moves of CR8, or what looks like one. Most images do not. */
static unsigned candidates(const struct pe *pe, const uint8_t *base)
{
    unsigned count = 0;

    for (unsigned s = 0; s < pe->sections; s++) {
        const struct pe_section *section = &pe->section[s];

        for (uint32_t i = 0; section->flags & PE_SECTION_EXECUTE && i + 3 < section->virtual_size;
             i++) {
            const uint8_t *p = base + section->rva + i;

            count += (p[0] & 0xF6) == 0x44 && p[1] == 0x0F && (p[2] & 0xFD) == 0x20;
        }
    }
    return count;
}

/* Memory that a jump from the image reaches. */
static bool region_near(struct work *w, uint32_t size)
{
    uintptr_t after = ((uintptr_t)w->base + w->pe->image_size + 0xFFFF) & ~(uintptr_t)0xFFFF;

    for (int tries = 0; tries < 64; tries++, after += 0x100000) {
        void *code = mmap((void *)after, size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

        if (code == MAP_FAILED)
            continue;
        if (code == (void *)after) {
            w->region.code = code;
            w->region.size = size;
            return true;
        }
        munmap(code, size);
    }
    return false;
}

/* Every function once, before or after the targets of all branches are known. */
static void each_function(struct work *w, bool patch)
{
    struct function f;

    for (uint32_t index = 0; function_at(w, index, &f); index++)
        if (f.begin < f.end && decode(w, f.begin, f.end, false) && patch && !w->indirect &&
            !(w->base[f.unwind] >> 3 & UNWIND_HANDLERS))
            patch_function(w);
}

static void cover(struct work *w)
{
    struct function f;

    for (uint32_t index = 0; function_at(w, index, &f); index++)
        for (uint32_t rva = f.begin; rva < f.end; rva++)
            set(w, w->covered, rva);
}

/* A function that calls nothing and uses no stack has no row. It begins where a branch leads, and is taken if it has
 * no branch of its own: KeGetCurrentIrql is one. */
static void each_leaf(struct work *w, const struct pe_section *section)
{
    uint32_t end = section->rva + section->virtual_size;

    for (uint32_t rva = section->rva; rva < end; rva++)
        if (is_target(w, rva) && !is_set(w->covered, rva) && decode(w, rva, end, true) &&
            !w->branches)
            patch_function(w);
}

struct patch_region patch_image(const struct pe *pe, uint8_t *base)
{
    struct work w = {.pe = pe, .base = base};
    unsigned found = patch_enabled && operation ? candidates(pe, base) : 0;
    void (*thunk)(void) = patch_thunk;

    if (!found)
        return w.region;
    w.targets = calloc(pe->image_size / 8 + 1, 1);
    w.covered = calloc(pe->image_size / 8 + 1, 1);
    w.code = calloc(FUNCTION_MAX + 1, sizeof(*w.code));
    if (w.targets && w.covered && w.code &&
        ZYAN_SUCCESS(
            ZydisDecoderInit(&w.decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)) &&
        region_near(&w, ((found + 1) * STUB_ROOM + 4095) & ~4095u)) {
        emit(&w, &thunk, sizeof(thunk));
        each_function(&w, false);
        each_function(&w, true);
        cover(&w);
        for (unsigned s = 0; s < pe->sections; s++)
            if (pe->section[s].flags & PE_SECTION_EXECUTE)
                each_leaf(&w, &pe->section[s]);
        mprotect(w.region.code, w.region.size, PROT_READ | PROT_EXEC);
    }
    w.region.left = found > w.region.replaced ? found - w.region.replaced : 0;
    free(w.targets);
    free(w.covered);
    free(w.code);
    return w.region;
}

void patch_free(struct patch_region *region)
{
    if (region->code)
        munmap(region->code, region->size);
    region->code = NULL;
}

#endif
