/* SPDX-License-Identifier: MIT */
/* frama.h: any value of a type, and the end of an analysis, for the harnesses of this folder. */
#ifndef FRAMA_H
#define FRAMA_H

#include <__fc_builtin.h>

#define any_u8  ((virtio_u8)Frama_C_unsigned_int_interval(0, 0xFF))
#define any_u16 Frama_C_unsigned_short_interval(0, 0xFFFF)
#define any_u32 Frama_C_unsigned_int_interval(0, 0xFFFFFFFF)
#define any_u64 ((virtio_u64)any_u32 << 32 | any_u32)
#define any_bit Frama_C_interval(0, 1)

/* Each analysis ends here: the runner fails if this check is not reached. */
static void over(void)
{
    //@ check the_end_is_reached: \true;
    ;
}

#endif
