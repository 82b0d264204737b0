/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU plugin: how many instructions each block of code executed, exactly.
 *
 * At the end it writes a line "ADDRESS COUNT" for every block that was entered, both in
 * hexadecimal, to the file given as out=FILE.  QEMU's header is not packaged everywhere, so its few
 * functions are declared here (API version 1 and later; they have not changed since).
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef NEURO_QEMU_PLUGIN_VERSION
#define NEURO_QEMU_PLUGIN_VERSION 1
#endif
#define EXPORT __attribute__((visibility("default")))
#define NO_REGISTERS 0

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_info;
typedef void (*translated)(plugin_id, struct qemu_plugin_tb *);
typedef void (*executed)(unsigned int, void *);
typedef void (*ended)(plugin_id, void *);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, translated callback);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, executed callback, int flags,
                                          void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, ended callback, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

struct block {
    uint64_t address, instructions, entered;
    struct block *next;
};

static struct block *blocks;
static char *out;

EXPORT extern int qemu_plugin_version;
EXPORT int qemu_plugin_version = NEURO_QEMU_PLUGIN_VERSION;
EXPORT int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv);

static void enter(unsigned int cpu, void *block)
{
    (void)cpu;
    ((struct block *)block)->entered++;
}

static void translate(plugin_id id, struct qemu_plugin_tb *tb)
{
    struct block *block = calloc(1, sizeof *block);
    (void)id;
    if (block == NULL) {
        abort();
    }
    block->address = qemu_plugin_tb_vaddr(tb);
    block->instructions = qemu_plugin_tb_n_insns(tb);
    block->next = blocks;
    blocks = block;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, enter, NO_REGISTERS, block);
}

static void report(plugin_id id, void *data)
{
    FILE *file = fopen(out, "w");
    (void)id;
    (void)data;
    if (file == NULL) {
        return;
    }
    for (const struct block *block = blocks; block != NULL; block = block->next) {
        if (block->entered > 0) {
            (void)fprintf(file, "%" PRIx64 " %" PRIx64 "\n", block->address,
                          block->instructions * block->entered);
        }
    }
    (void)fclose(file);
}

int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0) {
            out = strdup(argv[i] + 4);
        }
    }
    if (out == NULL) {
        (void)fprintf(stderr, "icnt: out=FILE is missing\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, report, NULL);
    return 0;
}
