/* SPDX-License-Identifier: MIT */
/*
 * shape.h: what miniports of others do, and ours does not. Each SHAPE.c is linked with tests/rules/miniport.c,
 * whose hooks it sets in Break, and does something that Windows 7 allows; ndishost has to run it, and to
 * accuse it of nothing. The comment at its head says what it does. After that there may be lines of
 *   options: --set X=1          more options of ndishost
 *   inf: registry.inf           --inf, a file of this folder
 *   bus: virtual                another --bus than model
 *   control: pause; restart     what scenario control does before `quit`, instead of one send
 *   reply: 2 ok 00010203        what the second of these lines is answered with, from its begin on
 *   says: text                  what ndishost prints
 *   calls: NAME 3               how often the host calls this function, of the report's callbacks
 *   broken: NAME                a rule that is reported; the run goes on
 *   arch: x86                   only there
 */
#ifndef FOREIGN_SHAPE_H
#define FOREIGN_SHAPE_H

#include "miniport.h"

/* What the shape expects of Windows; the runner fails when it reads this. */
#define CHECK(Condition)                                                       \
    do {                                                                       \
        if (!(Condition))                                                      \
            DbgPrint("shape: mistake at line %d: %s\n", __LINE__, #Condition); \
    } while (0)

#endif
