//===- Assembly.cpp - Custom syntax of the exec dialect -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Assembly.h"

using namespace mlir;

namespace segc::exec {

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

BufferAttr parseBufferText(AsmParser &parser) {
  SMLoc where = parser.getCurrentLocation();
  StringRef name;
  if (parser.parseKeyword(&name))
    return {};
  std::optional<Region> region = symbolizeRegion(name);
  if (!region) {
    parser.emitError(where, "expects a region of memory, got '") << name << "'";
    return {};
  }
  int64_t position = 0;
  bool list = BufferAttr::isList(*region);
  RankedTensorType type;
  if ((list ? parser.parseLSquare() : parser.parsePlus()) ||
      parser.parseInteger(position) || (list && parser.parseRSquare()) ||
      parser.parseColon() || parser.parseType(type))
    return {};
  if (!type.hasStaticShape()) {
    parser.emitError(where, "expects a tensor of known size, got ") << type;
    return {};
  }
  return parser.getChecked<BufferAttr>(where, parser.getContext(), *region,
                                       list ? position : 0, list ? 0 : position,
                                       type);
}

void printBufferText(AsmPrinter &printer, BufferAttr buffer) {
  printer << buffer.place() << " : " << buffer.getType();
}

Attribute BufferAttr::parse(AsmParser &parser, Type) {
  BufferAttr buffer;
  if (parser.parseLess() || !(buffer = parseBufferText(parser)) ||
      parser.parseGreater())
    return {};
  return buffer;
}

void BufferAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printBufferText(printer, *this);
  printer << ">";
}

ParseResult parseBuffers(OpAsmParser &parser, ArrayAttr &buffers,
                         Types &types) {
  SmallVector<Attribute> list;
  auto one = [&]() -> ParseResult {
    BufferAttr buffer = parseBufferText(parser);
    if (!buffer)
      return failure();
    list.push_back(buffer);
    types.push_back(buffer.getType());
    return success();
  };
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, one))
    return failure();
  buffers = parser.getBuilder().getArrayAttr(list);
  return success();
}

static void printBufferList(OpAsmPrinter &printer, ArrayAttr buffers) {
  printer << "(";
  llvm::interleaveComma(buffers, printer, [&](Attribute buffer) {
    printBufferText(printer, cast<BufferAttr>(buffer));
  });
  printer << ")";
}

void printBuffers(OpAsmPrinter &printer, Operation *, ArrayAttr buffers,
                  TypeRange) {
  printBufferList(printer, buffers);
}

ParseResult parseBuffer(OpAsmParser &parser, ArrayAttr &buffers, Type &type) {
  SmallVector<Type, 1> types;
  SMLoc where = parser.getCurrentLocation();
  if (parseBuffers(parser, buffers, types))
    return failure();
  if (types.size() != 1)
    return parser.emitError(where, "expects one buffer, got ") << types.size();
  type = types.front();
  return success();
}

void printBuffer(OpAsmPrinter &printer, Operation *, ArrayAttr buffers, Type) {
  printBufferList(printer, buffers);
}

ParseResult parseTemporaries(OpAsmParser &parser, ArrayAttr &buffers) {
  buffers = parser.getBuilder().getArrayAttr({});
  SmallVector<Type> types;
  if (failed(parser.parseOptionalKeyword("temporaries")))
    return success();
  return parseBuffers(parser, buffers, types);
}

void printTemporaries(OpAsmPrinter &printer, Operation *, ArrayAttr buffers) {
  if (buffers.empty())
    return;
  printer << "temporaries ";
  printBufferList(printer, buffers);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

ParseResult parseReads(OpAsmParser &parser, Operands &values, Types &types) {
  return parser.parseCommaSeparatedList(
      OpAsmParser::Delimiter::Paren, [&]() -> ParseResult {
        return failure(parser.parseOperand(values.emplace_back()) ||
                       parser.parseColonType(types.emplace_back()));
      });
}

void printReads(OpAsmPrinter &printer, Operation *, ValueRange values,
                TypeRange) {
  printer << "(";
  llvm::interleaveComma(values, printer, [&](Value value) {
    printer << value << " : " << value.getType();
  });
  printer << ")";
}

ParseResult parseRead(OpAsmParser &parser,
                      OpAsmParser::UnresolvedOperand &value, Type &type) {
  return failure(parser.parseLParen() || parser.parseOperand(value) ||
                 parser.parseColonType(type) || parser.parseRParen());
}

void printRead(OpAsmPrinter &printer, Operation *op, Value value, Type type) {
  printReads(printer, op, value, type);
}

ParseResult parseNamedValues(OpAsmParser &parser, Operands &values,
                             Types &types, ArrayAttr &names) {
  SmallVector<Attribute> list;
  auto one = [&]() -> ParseResult {
    std::string name;
    if (parser.parseOperand(values.emplace_back()) ||
        parser.parseKeyword("as") || parser.parseString(&name) ||
        parser.parseColonType(types.emplace_back()))
      return failure();
    list.push_back(parser.getBuilder().getStringAttr(name));
    return success();
  };
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, one))
    return failure();
  names = parser.getBuilder().getArrayAttr(list);
  return success();
}

void printNamedValues(OpAsmPrinter &printer, Operation *, ValueRange values,
                      TypeRange, ArrayAttr names) {
  printer << "(";
  llvm::interleaveComma(
      llvm::zip_equal(values, names), printer, [&](const auto &named) {
        auto [value, name] = named;
        printer << value << " as " << name << " : " << value.getType();
      });
  printer << ")";
}

//===----------------------------------------------------------------------===//
// Fusions and programs
//===----------------------------------------------------------------------===//

ParseResult FusionOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr name;
  SmallVector<OpAsmParser::Argument> arguments;
  return failure(parser.parseSymbolName(name, SymbolTable::getSymbolAttrName(),
                                        result.attributes) ||
                 parser.parseArgumentList(arguments,
                                          OpAsmParser::Delimiter::Paren,
                                          /*allowType=*/true) ||
                 parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
                 parser.parseRegion(*result.addRegion(), arguments));
}

void FusionOp::print(OpAsmPrinter &printer) {
  printer << " ";
  printer.printSymbolName(getSymName());
  printer << "(";
  llvm::interleaveComma(getBody().getArguments(), printer, [&](auto argument) {
    printer.printRegionArgument(argument);
  });
  printer << ")";
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(),
                                           {SymbolTable::getSymbolAttrName()});
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

ParseResult ProgramOp::parse(OpAsmParser &parser, OperationState &result) {
  Builder &b = parser.getBuilder();
  StringAttr name;
  if (parser.parseSymbolName(name, SymbolTable::getSymbolAttrName(),
                             result.attributes))
    return failure();
  for (StringRef keyword : {"batch", "arena", "bound"}) {
    int64_t number = 0;
    if (parser.parseKeyword(keyword) || parser.parseInteger(number))
      return failure();
    result.addAttribute(keyword, b.getI64IntegerAttr(number));
  }
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<Attribute> names, buffers;
  auto one = [&]() -> ParseResult {
    OpAsmParser::Argument &argument = arguments.emplace_back();
    std::string label;
    if (parser.parseArgument(argument) || parser.parseEqual() ||
        parser.parseString(&label))
      return failure();
    BufferAttr buffer = parseBufferText(parser);
    if (!buffer)
      return failure();
    argument.type = buffer.getType();
    names.push_back(b.getStringAttr(label));
    buffers.push_back(buffer);
    return success();
  };
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, one) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
      parser.parseRegion(*result.addRegion(), arguments))
    return failure();
  result.addAttribute("argument_names", b.getArrayAttr(names));
  result.addAttribute("argument_buffers", b.getArrayAttr(buffers));
  ensureTerminator(*result.regions.front(), b, result.location);
  return success();
}

void ProgramOp::print(OpAsmPrinter &printer) {
  printer << " ";
  printer.printSymbolName(getSymName());
  printer << " batch " << getBatch() << " arena " << getArena() << " bound "
          << getBound() << " (";
  llvm::interleaveComma(llvm::zip_equal(getBody().getArguments(),
                                        getArgumentNames(),
                                        getArgumentBuffers()),
                        printer, [&](const auto &argument) {
                          auto [value, name, buffer] = argument;
                          printer.printNewline();
                          printer << "      " << value << " = " << name << " ";
                          printBufferText(printer, cast<BufferAttr>(buffer));
                        });
  printer << ")";
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {SymbolTable::getSymbolAttrName(), "batch", "arena",
                            "bound", "argument_names", "argument_buffers"});
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

} // namespace segc::exec

#define GET_OP_CLASSES
#include "segc/Dialect/Exec/IR/ExecOps.cpp.inc"
