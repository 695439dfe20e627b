/*===- manifest.h - Reading numbers out of JSON ---------------------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Just enough to walk a model's manifest, which a compiler wrote: each
 * function takes and gives pointers into the text, and NULL stays NULL.
 *
 *===----------------------------------------------------------------------===*/

#ifndef SEGC_EXAMPLES_C_MANIFEST_H
#define SEGC_EXAMPLES_C_MANIFEST_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char *json_space(const char *at) {
  return at ? at + strspn(at, " \t\r\n") : NULL;
}

/* Behind the string that begins at `at`. */
static const char *json_skip_string(const char *at) {
  for (++at; *at && *at != '"'; ++at)
    if (*at == '\\' && at[1])
      ++at;
  return *at ? at + 1 : at;
}

/* Behind the value that begins at `at`. */
static const char *json_skip(const char *at) {
  int depth = 0;
  do {
    if (*at == '"') {
      at = json_skip_string(at);
      continue;
    }
    if (*at == '{' || *at == '[')
      ++depth;
    else if (*at == '}' || *at == ']')
      --depth;
    else if (depth == 0)
      return at + strcspn(at, ",]} \t\r\n");
    ++at;
  } while (*at && depth > 0);
  return at;
}

/* The element of an array, or the value of the member of an object, with this
 * number; *key is where the member begins. */
static const char *json_nth(const char *list, int index, const char **key) {
  list = json_space(list);
  if (!list || (*list != '[' && *list != '{'))
    return NULL;
  int members = *list == '{';
  const char *at = json_space(list + 1);
  while (*at && *at != ']' && *at != '}') {
    *key = at;
    if (members) {
      at = json_space(json_skip_string(at));
      at = json_space(*at == ':' ? at + 1 : at);
    }
    if (index-- == 0)
      return at;
    at = json_space(json_skip(at));
    if (*at == ',')
      at = json_space(at + 1);
  }
  return NULL;
}

static const char *json_element(const char *array, int index) {
  const char *key;
  return json_nth(array, index, &key);
}

static const char *json_member(const char *object, const char *name) {
  const char *key, *value;
  size_t length = strlen(name);
  for (int i = 0; (value = json_nth(object, i, &key)) != NULL; ++i)
    if (*key == '"' && strncmp(key + 1, name, length) == 0 &&
        key[1 + length] == '"')
      return value;
  return NULL;
}

static uint64_t json_integer(const char *value) {
  return value ? strtoull(value, NULL, 10) : 0;
}

static uint64_t json_elements_of_shape(const char *shape) {
  uint64_t count = shape ? 1 : 0;
  const char *extent;
  for (int i = 0; (extent = json_element(shape, i)) != NULL; ++i)
    count *= json_integer(extent);
  return count;
}

#endif /* SEGC_EXAMPLES_C_MANIFEST_H */
