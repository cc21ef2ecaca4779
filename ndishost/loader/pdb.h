/* SPDX-License-Identifier: MIT */
/* pdb.h: names of functions from a PDB, by llvm-pdbutil of Debian's package llvm. */
#ifndef NDISHOST_PDB_H
#define NDISHOST_PDB_H

#include "loader/pe.h"

/* Adds the functions of a PDB to the symbols. Nothing is added if llvm-pdbutil is not there, or cannot read the file. */
void pdb_symbols_read(const struct pe *pe, const char *path, struct pe_symbols *symbols);

#endif
