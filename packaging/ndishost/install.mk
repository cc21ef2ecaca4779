# SPDX-License-Identifier: MIT
# install.mk: what `make install` installs, and the Debian package of ndishost. Part of the Makefile.

PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share/aerovnet
DOCDIR  ?= $(PREFIX)/share/doc/aerovnet
MANDIR  ?= $(PREFIX)/share/man
COMPLETIONSDIR ?= $(PREFIX)/share/bash-completion/completions
# Where the program looks: beside BINDIR.
TOOLDIR = $(BINDIR)/../share/ndishost

NDISHOST_SOURCE := packaging/ndishost
# The program's files, with their folders: the jobs, the scripts, and drivers that break one rule each.
NDISHOST_FILES := $(wildcard tests/jobs/*.py tests/rules/*.c tests/rules/*.h include/ndis-mingw/ndis/*.h include/ndis-mingw/exports/*.exports) \
                  $(addprefix tests/lib/,job.py keywords.py ndishost.py oids.py report.py stress.py target.py wire.py) \
                  tests/ndishost-bus/test_model_rules.c tools/ndishost-test tools/ndishost-report tools/shapesearch.py tools/peimage.py tools/pecheck

$(OUT)/ndishost.1: $(NDISHOST_SOURCE)/make-man $(OUT)/ndishost
	$(Q)$(NDISHOST_SOURCE)/make-man $(OUT)/ndishost >$@

# ndishost alone. Scripts are data of the program, which runs Python itself: their first lines go.
install-ndishost: $(OUT)/ndishost $(OUT)/ndishost.1
	install -D -m 755 $(OUT)/ndishost '$(DESTDIR)$(BINDIR)/ndishost'
	install -D -m 644 $(OUT)/ndishost.1 '$(DESTDIR)$(MANDIR)/man1/ndishost.1'
	install -D -m 644 $(NDISHOST_SOURCE)/ndishost.bash '$(DESTDIR)$(COMPLETIONSDIR)/ndishost'
	for file in $(NDISHOST_FILES); do \
	    install -D -m 644 "$$file" '$(DESTDIR)$(TOOLDIR)'/"$$file" && \
	    sed -i '1{/^#!/d;}' '$(DESTDIR)$(TOOLDIR)'/"$$file" || exit 1; done

# The drivers are installed for ndishost. Windows 7 takes them from out/aerovnet.iso.
install: driver install-ndishost
	$(foreach arch,$(ARCHES),install -D -m 644 -t '$(DESTDIR)$(DATADIR)/$(arch)' $(DRIVERS:%=$(OUT)/$(arch)/%.sys) &&) :
	install -D -m 644 -t '$(DESTDIR)$(DOCDIR)' LICENSE README.md docs/*.md

uninstall:
	rm -f '$(DESTDIR)$(BINDIR)/ndishost' '$(DESTDIR)$(MANDIR)/man1/ndishost.1' '$(DESTDIR)$(COMPLETIONSDIR)/ndishost'
	rm -rf '$(DESTDIR)$(DATADIR)' '$(DESTDIR)$(DOCDIR)' '$(DESTDIR)$(TOOLDIR)'

deb: $(OUT)/ndishost $(OUT)/ndishost.1
	$(Q)$(NDISHOST_SOURCE)/make-deb $(OUT)

.PHONY: install-ndishost install uninstall deb
