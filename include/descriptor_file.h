/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * descriptor_file: tier 4's descriptor in the file system: written whole or not at all, and removed
 * only if it is byte for byte one that tier 4 writes.
 */
#ifndef ARMHF_DESCRIPTOR_FILE_H
#define ARMHF_DESCRIPTOR_FILE_H

#include "entry.h"
#include "fault.h"

/*
 * Write the descriptor for an entry of tier 4. TAKEN: something stands there. FAILED, with the
 * directory as object, where others could replace it there.
 */
enum outcome
descriptor_file_create(const struct entry *entry, struct fault *fault);

/* DONE; or why it cannot be made by anybody: others could replace it there, or a read-only file system. */
enum outcome
descriptor_file_possible(struct fault *fault);

/* DONE: it is there and tier 4 wrote it; GONE: nothing is there; TAKEN: it is somebody else's; FAILED. */
enum outcome
descriptor_file_ours(struct fault *fault);

/* Remove it, whosever it is, and look whether it is gone. */
enum outcome
descriptor_file_remove(struct fault *fault);

/* Make or remove its directory. TAKEN: it is there already; or it is not empty and stays. */
enum outcome
descriptor_directory_make(struct fault *fault);
enum outcome
descriptor_directory_remove(struct fault *fault);

#endif
