/* SPDX-License-Identifier: MIT */
/*
 * windows7.h: what Windows 7 SP1's kernel modules export to drivers, and what Microsoft documents of it.
 * The tables are include/ndis-mingw/exports/ and documented, compiled into the program.
 *   if (windows7_export("NDIS.SYS", name, &export) == WINDOWS7_EXPORTED) ... export.page ...
 */
#ifndef NDISHOST_WINDOWS7_H
#define NDISHOST_WINDOWS7_H

enum windows7_answer {
    WINDOWS7_EXPORTED,
    WINDOWS7_NOT_EXPORTED,  /* Windows 7 would not load a driver that imports it */
    WINDOWS7_NO_TABLE,      /* Windows 7 has the module; its exports are not known here */
    WINDOWS7_NO_SUCH_MODULE /* nor would it load a driver that imports from here */
};

struct windows7_export {
    char page[200]; /* the address of its documentation, or "" */
    char irql[128]; /* at which it may be called, in the words of that page, or "" */
};

/* Says whether a driver for this architecture can import `name` from `dll`, without regard to the case of `dll`.
 * Fills in *export when the answer is WINDOWS7_EXPORTED; NULL is allowed. Any thread, also from a fault handler. */
enum windows7_answer windows7_export(const char *dll, const char *name,
                                     struct windows7_export *export);

#endif
