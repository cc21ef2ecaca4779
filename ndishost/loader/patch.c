/* SPDX-License-Identifier: MIT */
/* Puts calls in the place of moves from and to CR8, and the host's page in that of KUSER_SHARED_DATA; see patch.h. */
#include "loader/patch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

bool patch_enabled = true;

static const struct patch_shared *shared;

void patch_set_shared(const struct patch_shared *page)
{
    shared = page;
}

static bool is_code(const struct pe_section *section)
{
    return section->flags & PE_SECTION_EXECUTE;
}

/* ---- The shared page at an address of 32 bits ---- */

static bool names_shared(uint32_t value)
{
    if (value - shared->user < shared->size)
        return true;
#if defined(__x86_64__)
    return false;
#else
    /* KeTickCount is imported: the loader has bound it to the page itself. */
    return value - (uint32_t)shared->kernel < shared->size ||
           value - (uint32_t)(uintptr_t)shared->page < shared->size;
#endif
}

/* Whether four bytes that follow each other name it. Where they are data the page is mapped in vain. */
static bool names_shared_in(const uint8_t *bytes, uint32_t size, uint32_t step)
{
    uint32_t value;

    for (uint32_t i = 0; i + sizeof(value) <= size; i += step) {
        memcpy(&value, bytes + i, sizeof(value));
        if (names_shared(value))
            return true;
    }
    return false;
}

static bool image_names_shared(const struct pe *pe, const uint8_t *base)
{
    uint32_t bound = pe->directory[PE_DIRECTORY_IAT].rva,
             size = pe->directory[PE_DIRECTORY_IAT].size;

    for (unsigned s = 0; s < pe->sections; s++)
        if (is_code(&pe->section[s]) &&
            names_shared_in(base + pe->section[s].rva, pe->section[s].virtual_size, 1))
            return true;
    return sizeof(void *) == 4 && bound < pe->image_size && size <= pe->image_size - bound &&
           names_shared_in(base + bound, size, 4);
}

static void use_shared(struct patches *patches, const struct pe *pe, const uint8_t *base)
{
    if (shared && (patches->shared || image_names_shared(pe, base)))
        shared->use();
}

#if !defined(__x86_64__)

void patch_set_operation(patch_operation *operation)
{
    (void)operation;
}

struct patches patch_image(const struct pe *pe, uint8_t *base)
{
    struct patches patches = {NULL, 0, 0, 0, 0};

    if (patch_enabled)
        use_shared(&patches, pe, base);
    return patches;
}

void patch_free(struct patches *patches)
{
    (void)patches;
}

#else

#include <Zydis/Zydis.h>

#define DIRECTORY_EXCEPTION 3
#define MOVE_LENGTH         4    /* of a move of CR8 */
#define FUNCTION_MAX        8192 /* instructions; a longer function stays as it is */
#define SITES_MAX           4096
#define STUB_ROOM           32 /* bytes of one stub, at most */
#define CODE_SIZE           4096u
#define CODE_MAX            256       /* pieces, one for each highest byte of a distance */
#define WINDOW              0x1000000 /* bytes that jumps with the same highest byte reach */

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

struct instruction {
    uint32_t rva;
    uint8_t length;
    bool move, write; /* of CR8 */
    uint8_t number;   /* of its general register */
    uint8_t constant; /* offset of 64 bits that name the shared page; 0: none */
    bool ends;        /* nothing falls through it */
};

/* Where stubs are. The address of the thunk comes first. */
struct patch_code {
    uint8_t *memory;
    uint32_t used;
};

struct work {
    const struct pe *pe;
    uint8_t *base;
    ZydisDecoder decoder;
    uint8_t *targets; /* one bit for each byte of the image: a branch leads there, or a pointer */
    uint8_t *covered; /* the same: it is part of a function of the table */
    struct instruction *code;
    unsigned count;
    struct patches patches;
};

static bool is_set(const uint8_t *bits, uint32_t rva)
{
    return bits[rva / 8] >> (rva % 8) & 1;
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

/* The stack pointer is left to the fault, and so is a move with a prefix in vain. */
static void describe_cr8(struct instruction *i, const ZydisDecodedOperand *operand)
{
    const ZydisDecodedOperand *general;

    if (!is_cr8(&operand[0]) && !is_cr8(&operand[1]))
        return;
    i->write = is_cr8(&operand[0]);
    general = &operand[i->write ? 1 : 0];
    i->number = (uint8_t)ZydisRegisterGetId(general->reg.value);
    i->move = general->reg.value != ZYDIS_REGISTER_RSP && i->length == MOVE_LENGTH;
}

/* mov reg, imm64, and a load of al, ax, eax or rax from an address of 64 bits. */
static void describe_constant(struct instruction *i, const ZydisDecodedInstruction *insn,
                              const ZydisDecodedOperand *operand)
{
    uint64_t value = insn->raw.imm[0].value.u;
    uint8_t offset = insn->raw.imm[0].offset;

    if (insn->raw.imm[0].size != 64) {
        if (insn->raw.disp.size != 64 || operand[0].type != ZYDIS_OPERAND_TYPE_REGISTER)
            return;
        value = (uint64_t)insn->raw.disp.value;
        offset = insn->raw.disp.offset;
    }
    if (shared && value - shared->kernel < shared->size)
        i->constant = offset;
}

static void describe(struct work *w, struct instruction *i, const ZydisDecodedInstruction *insn,
                     const ZydisDecodedOperand *operand)
{
    switch (insn->meta.category) {
    case ZYDIS_CATEGORY_CALL:
    case ZYDIS_CATEGORY_COND_BR:
    case ZYDIS_CATEGORY_UNCOND_BR:
        i->ends = insn->meta.category == ZYDIS_CATEGORY_UNCOND_BR;
        if (operand[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
            set(w, w->targets, i->rva + i->length + (uint64_t)operand[0].imm.value.s);
        return;
    case ZYDIS_CATEGORY_RET:
    case ZYDIS_CATEGORY_INTERRUPT:
        i->ends = true;
        return;
    default:
        break;
    }
    if (insn->mnemonic == ZYDIS_MNEMONIC_MOV) {
        describe_cr8(i, operand);
        describe_constant(i, insn, operand);
    }
    if (insn->mnemonic == ZYDIS_MNEMONIC_LEA && operand[1].mem.base == ZYDIS_REGISTER_RIP)
        set(w, w->targets, i->rva + i->length + (uint64_t)operand[1].mem.disp.value);
}

/* All instructions of a function, or (leaf) those up to its return; false: they cannot be told. */
static bool decode(struct work *w, uint32_t begin, uint32_t end, bool leaf)
{
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction insn;

    w->count = 0;
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
    if (!section || !is_code(section) || function->end <= function->begin ||
        function->end > section->rva + section->virtual_size)
        function->end = function->begin; /* not one */
    return true;
}

/* ---- Stubs ---- */

static void emit(struct patch_code *code, const void *bytes, size_t size)
{
    memcpy(code->memory + code->used, bytes, size);
    code->used += (uint32_t)size;
}

/* push the site; call [the thunk's address]; jmp to what follows the move */
static void emit_stub(struct patch_code *code, int32_t site, const uint8_t *next)
{
    uint8_t push[5] = {0x68}, call[6] = {0xFF, 0x15}, jump[5] = {0xE9};
    int32_t away = -(int32_t)(code->used + sizeof(push) + sizeof(call));
    int32_t back =
        (int32_t)(next - (code->memory + code->used + sizeof(push) + sizeof(call) + sizeof(jump)));

    memcpy(push + 1, &site, 4);
    memcpy(call + 2, &away, 4);
    memcpy(jump + 1, &back, 4);
    emit(code, push, sizeof(push));
    emit(code, call, sizeof(call));
    emit(code, jump, sizeof(jump));
}

/* Room for one stub from `low` on, below `low` + WINDOW; NULL: there is none. */
static struct patch_code *code_in(struct work *w, uintptr_t low)
{
    uintptr_t first = (low + CODE_SIZE - 1) & ~(uintptr_t)(CODE_SIZE - 1);
    void (*thunk)(void) = patch_thunk;
    struct patch_code *code;
    void *memory;

    for (unsigned n = 0; n < w->patches.code_count; n++) {
        code = &w->patches.code[n];
        if ((uintptr_t)code->memory + code->used - low < WINDOW - STUB_ROOM &&
            code->used + STUB_ROOM <= CODE_SIZE)
            return code;
    }
    if (w->patches.code_count == CODE_MAX)
        return NULL;
    for (uintptr_t at = first; at < low + WINDOW - CODE_SIZE; at += WINDOW / 16) {
        memory = mmap((void *)at, CODE_SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        if (memory == (void *)at) {
            code = &w->patches.code[w->patches.code_count++];
            *code = (struct patch_code){memory, 0};
            emit(code, &thunk, sizeof(thunk));
            return code;
        }
        if (memory != MAP_FAILED)
            munmap(memory, CODE_SIZE);
    }
    return NULL;
}

/* The jump that takes the place of the move; false: it stays. */
static bool replace(struct work *w, const struct instruction *i)
{
    uint8_t *site = w->base + i->rva, *next = site + MOVE_LENGTH;
    const struct pe_section *section = pe_section_at(w->pe, i->rva);
    intptr_t distance = (intptr_t)(int8_t)*next * WINDOW;
    struct patch_code *code;
    int32_t away;

    for (unsigned n = 1; n < MOVE_LENGTH; n++)
        if (is_set(w->targets, i->rva + n))
            return false; /* then these are not four bytes of one instruction */
    if (site_count == SITES_MAX || !section ||
        i->rva + MOVE_LENGTH >= section->rva + section->virtual_size)
        return false;
    code = code_in(w, (uintptr_t)(next + 1) + (uintptr_t)distance);
    if (!code)
        return false;
    away = (int32_t)(code->memory + code->used - (next + 1));
    sites[site_count] = (struct site){.at = site, .number = i->number, .write = i->write};
    emit_stub(code, (int32_t)site_count++, next);
    *site = 0xE9;
    memcpy(site + 1, &away, MOVE_LENGTH - 1); /* the highest byte is there already */
    return true;
}

static void change_constant(struct work *w, const struct instruction *i)
{
    uint64_t value;

    memcpy(&value, w->base + i->rva + i->constant, sizeof(value));
    value += (uintptr_t)shared->page - shared->kernel;
    memcpy(w->base + i->rva + i->constant, &value, sizeof(value));
    w->patches.shared++;
}

/* From the last on: a move that follows another is what that one's jump is made of. */
static void patch_function(struct work *w)
{
    for (unsigned n = w->count; n-- > 0;) {
        if (w->code[n].move && replace(w, &w->code[n]))
            w->patches.replaced++;
        if (w->code[n].constant)
            change_constant(w, &w->code[n]);
    }
}

/* ---- The image ---- */

/* What looks like a move of CR8, and like a constant that names the shared page. Most images have none. */
static void candidates(const struct pe *pe, const uint8_t *base, unsigned *moves,
                       unsigned *constants)
{
    for (unsigned s = 0; s < pe->sections; s++) {
        const struct pe_section *section = &pe->section[s];

        for (uint32_t i = 0; is_code(section) && i + 7 < section->virtual_size; i++) {
            const uint8_t *p = base + section->rva + i;
            uint64_t value;

            memcpy(&value, p, sizeof(value));
            *moves += (p[0] & 0xF6) == 0x44 && p[1] == 0x0F && (p[2] & 0xFD) == 0x20;
            *constants += shared && value - shared->kernel < shared->size;
        }
    }
}

/* Every function once, before or after the targets of all branches are known. */
static void each_function(struct work *w, bool patch)
{
    struct function f;

    for (uint32_t index = 0; function_at(w, index, &f); index++)
        if (f.begin < f.end && decode(w, f.begin, f.end, false) && patch)
            patch_function(w);
}

static void cover(struct work *w)
{
    struct function f;

    for (uint32_t index = 0; function_at(w, index, &f); index++)
        for (uint32_t rva = f.begin; rva < f.end; rva++)
            set(w, w->covered, rva);
}

/* Pointers to functions, in tables. */
static void point(struct work *w, const struct pe_section *section)
{
    uint64_t value;

    for (uint32_t i = 0; i + sizeof(value) <= section->virtual_size; i += sizeof(value)) {
        memcpy(&value, w->base + section->rva + i, sizeof(value));
        set(w, w->targets, value - (uintptr_t)w->base);
    }
}

/* A function that calls nothing and uses no stack has no row. It begins where a branch or a pointer leads:
 * KeGetCurrentIrql is one. false: there is none more. Its own branches are targets too, that the next call looks at. */
static bool each_leaf(struct work *w, const struct pe_section *section)
{
    uint32_t end = section->rva + section->virtual_size;
    bool more = false;

    for (uint32_t rva = section->rva; rva < end; rva++)
        if (is_set(w->targets, rva) && !is_set(w->covered, rva) && decode(w, rva, end, true)) {
            patch_function(w);
            for (unsigned n = 0; n < w->count; n++)
                for (unsigned byte = 0; byte < w->code[n].length; byte++)
                    set(w, w->covered, w->code[n].rva + byte);
            more = true;
        }
    return more;
}

static void patch_all(struct work *w)
{
    each_function(w, false);
    each_function(w, true);
    cover(w);
    for (unsigned s = 0; s < w->pe->sections; s++)
        if (!is_code(&w->pe->section[s]))
            point(w, &w->pe->section[s]);
    for (unsigned s = 0; s < w->pe->sections; s++)
        while (is_code(&w->pe->section[s]) && each_leaf(w, &w->pe->section[s]))
            ;
    for (unsigned n = 0; n < w->patches.code_count; n++)
        mprotect(w->patches.code[n].memory, CODE_SIZE, PROT_READ | PROT_EXEC);
}

struct patches patch_image(const struct pe *pe, uint8_t *base)
{
    struct work w = {.pe = pe, .base = base};
    unsigned moves = 0, constants = 0;

    if (!patch_enabled || !operation)
        return w.patches;
    candidates(pe, base, &moves, &constants);
    if (moves || constants) {
        w.targets = calloc(pe->image_size / 8 + 1, 1);
        w.covered = calloc(pe->image_size / 8 + 1, 1);
        w.code = calloc(FUNCTION_MAX + 1, sizeof(*w.code));
        w.patches.code = calloc(CODE_MAX, sizeof(*w.patches.code));
        if (w.targets && w.covered && w.code && w.patches.code &&
            ZYAN_SUCCESS(
                ZydisDecoderInit(&w.decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)))
            patch_all(&w);
    }
    w.patches.left = moves > w.patches.replaced ? moves - w.patches.replaced : 0;
    use_shared(&w.patches, pe, base);
    free(w.targets);
    free(w.covered);
    free(w.code);
    return w.patches;
}

void patch_free(struct patches *patches)
{
    for (unsigned n = 0; n < patches->code_count; n++)
        munmap(patches->code[n].memory, CODE_SIZE);
    free(patches->code);
    *patches = (struct patches){NULL, 0, 0, 0, 0};
}

#endif
