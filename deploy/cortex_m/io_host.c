/* SPDX-License-Identifier: Apache-2.0 */
/* Input and output on a computer, through stdio.  Arguments come from $NEURO_ARGUMENTS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neuro_io.h"

#define FILES 16

static FILE *files[FILES];

static FILE *stream(int32_t file)
{
    return file >= 0 && file < FILES ? files[file] : NULL;
}

void neuro_puts(const char *text)
{
    (void)fputs(text, stdout);
}

void neuro_exit(int code)
{
    exit(code);
}

int32_t neuro_arguments(char *buffer, uint32_t size)
{
    const char *text = getenv("NEURO_ARGUMENTS");
    if (text == NULL || size == 0u) {
        return -1;
    }
    size_t length = strlen(text);
    if (length >= size) {
        length = size - 1u;
    }
    memcpy(buffer, text, length);
    buffer[length] = '\0';
    return (int32_t)length;
}

int32_t neuro_open(const char *path, int mode)
{
    for (int32_t file = 0; file < FILES; file++) {
        if (files[file] == NULL) {
            files[file] = fopen(path, mode == NEURO_WRITE ? "wb" : "rb");
            return files[file] != NULL ? file : -1;
        }
    }
    return -1;
}

int32_t neuro_read(int32_t file, void *buffer, uint32_t size)
{
    FILE *from = stream(file);
    if (from == NULL) {
        return -1;
    }
    size_t got = fread(buffer, 1, size, from);
    return got < size && ferror(from) ? -1 : (int32_t)got;
}

int32_t neuro_write(int32_t file, const void *buffer, uint32_t size)
{
    FILE *to = stream(file);
    if (to == NULL || fwrite(buffer, 1, size, to) != size) {
        return -1;
    }
    return (int32_t)size;
}

int32_t neuro_close(int32_t file)
{
    FILE *open = stream(file);
    if (open == NULL) {
        return -1;
    }
    files[file] = NULL;
    return fclose(open) == 0 ? 0 : -1;
}
