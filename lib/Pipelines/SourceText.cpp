//===- SourceText.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Pipelines/SourceText.h"

#include "mlir/Parser/Parser.h"
#include "segc/Base/Files.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace segc {

namespace {

/// Limit on the nesting. Networks and plans have about ten levels.
constexpr size_t maxDepth = 256;
/// Limit on the operators of an affine expression, whose depth is their number.
constexpr size_t maxOperators = 256;

/// Computes the nesting of MLIR text from its brackets. Uses of an alias count
/// with the depth of its definition.
class NestingScanner {
public:
  explicit NestingScanner(llvm::MemoryBufferRef text)
      : text(text.getBuffer()), name(text.getBufferIdentifier()) {}
  llvm::Error scan();

private:
  bool step();
  void open(char bracket);
  void close(char bracket);
  void skipString();
  void word();
  void alias();
  void countOperator();
  void reach(size_t depth) {
    deepest = std::max(deepest, depth);
    if (defined)
      *defined = std::max(*defined, depth);
  }
  char at(size_t i) const { return i < text.size() ? text[i] : '\0'; }

  llvm::StringRef text, name;
  size_t position = 0, deepest = 0, operators = 0;
  llvm::SmallVector<char, 64> brackets;
  llvm::StringMap<size_t> aliases; ///< Depth of each alias.
  size_t *defined = nullptr;       ///< Depth of the alias that is being
                                   ///< defined.
  bool begun = false;              ///< True after the beginning of its value.
  bool lineStart = true;
};

void NestingScanner::open(char bracket) {
  brackets.push_back(bracket);
  operators = 0;
  reach(brackets.size());
}

void NestingScanner::close(char bracket) {
  char opening = bracket == ')'   ? '('
                 : bracket == ']' ? '['
                 : bracket == '}' ? '{'
                                  : '<';
  // A bracket without a match is a comparison or an error that the parser
  // reports.
  if (!brackets.empty() && brackets.back() == opening)
    brackets.pop_back();
  operators = 0;
}

void NestingScanner::skipString() {
  for (++position; position < text.size() && text[position] != '"' &&
                   text[position] != '\n';
       ++position)
    if (text[position] == '\\')
      ++position;
  ++position;
  operators = 0;
}

static bool isNameChar(char c) {
  return llvm::isAlnum(c) || c == '_' || c == '.' || c == '$';
}

void NestingScanner::countOperator() {
  if (++operators > maxOperators)
    reach(maxDepth + 1);
}

void NestingScanner::word() {
  size_t first = position;
  while (isNameChar(at(position)))
    ++position;
  llvm::StringRef word = text.slice(first, position);
  // The sign of an exponent is part of the number.
  if (llvm::isDigit(word.front()) &&
      (word.back() == 'e' || word.back() == 'E') &&
      (at(position) == '-' || at(position) == '+'))
    ++position;
  if (word == "mod" || word == "floordiv" || word == "ceildiv")
    countOperator();
}

/// Reads `#name` or `!name`, which is a definition at the outermost level if
/// "=" follows.
void NestingScanner::alias() {
  size_t first = position++;
  while (isNameChar(at(position)) || at(position) == '-')
    ++position;
  llvm::StringRef alias = text.slice(first, position);
  size_t next = position;
  while (llvm::isSpace(at(next)))
    ++next;
  if (brackets.empty() && at(next) == '=') {
    defined = &aliases[alias];
    begun = false;
    position = next + 1;
    return;
  }
  reach(brackets.size() + aliases.lookup(alias) + 1);
}

bool NestingScanner::step() {
  char c = at(position);
  if (c == '\n') {
    lineStart = true;
    ++position;
    return true;
  }
  if (llvm::isSpace(c) || c == '\0') {
    ++position;
    return true;
  }
  if (c == '/' && at(position + 1) == '/') {
    position = std::min(text.find('\n', position), text.size());
    return true;
  }
  bool starts = std::exchange(lineStart, false);
  if (defined && begun && starts && brackets.empty() && !ispunct(c))
    defined = nullptr;
  if (c == '#' || c == '!') {
    if (brackets.empty() && starts)
      defined = nullptr;
    alias();
    begun |= !at(position) || at(position - 1) != '=';
    return deepest <= maxDepth;
  }
  begun = true;
  if (c == '"')
    skipString();
  else if (isNameChar(c))
    word();
  else {
    ++position;
    if (c == '-' && at(position) == '>')
      ++position;
    else if (c == '(' || c == '[' || c == '{' || c == '<')
      open(c);
    else if (c == ')' || c == ']' || c == '}' || c == '>')
      close(c);
    else if (c == ',' || c == '%' || c == '=')
      operators = 0;
    else if (c == '+' || c == '-' || c == '*')
      countOperator();
  }
  return deepest <= maxDepth;
}

llvm::Error NestingScanner::scan() {
  while (position < text.size())
    if (!step()) {
      llvm::StringRef before = text.take_front(position);
      size_t line = before.count('\n') + 1,
             column = before.size() - (before.rfind('\n') + 1);
      if (before.rfind('\n') == llvm::StringRef::npos)
        column = before.size();
      return llvm::createStringError(
          name + ":" + llvm::Twine(line) + ":" + llvm::Twine(column) +
          ": nested deeper than " + llvm::Twine(maxDepth) +
          " levels of brackets, aliases or operators");
    }
  return llvm::Error::success();
}

} // namespace

static llvm::Error checkText(llvm::MemoryBufferRef text) {
  constexpr llvm::StringLiteral spaces = "\t\n\v\f\r";
  llvm::StringRef bytes = text.getBuffer();
  const char *found = llvm::find_if(bytes, [&](char c) {
    return (static_cast<unsigned char>(c) < ' ' && !spaces.contains(c)) ||
           c == '\x7f';
  });
  if (found == bytes.end())
    return NestingScanner(text).scan();
  return llvm::createStringError(
      "cannot read " + text.getBufferIdentifier() +
      ": expected MLIR text, got " +
      (bytes.starts_with("\x7f"
                         "ELF")
           ? "an ELF file; segc inspect and segc verify read models"
           : "binary data: byte 0x" +
                 llvm::utohexstr(static_cast<unsigned char>(*found), true, 2) +
                 " at offset " + std::to_string(found - bytes.begin())));
}

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readText(llvm::StringRef path) {
  StatusOr<std::string> text = readTextFile(path.str());
  if (!text.ok())
    return llvm::createStringError("cannot read " + text.status().message());
  // The bytecode reader does not check its input, so bytecode is refused.
  if (llvm::StringRef(*text).starts_with("ML\xefR"))
    return llvm::createStringError("cannot read " + path +
                                   ": expected MLIR text, got bytecode");
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy(
      *text, path == "-" ? "<stdin>" : path);
  if (llvm::Error error = checkText(*buffer))
    return std::move(error);
  return buffer;
}

llvm::Expected<OwningOpRef<ModuleOp>> parseText(MLIRContext &context,
                                                llvm::SourceMgr &sources,
                                                llvm::StringRef path) {
  auto buffer = readText(path);
  if (!buffer)
    return buffer.takeError();
  sources.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  auto module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return llvm::createStringError("cannot read " + path);
  return module;
}

} // namespace segc
