//===- ElfImage.cpp - Shared objects read without loading -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/ElfImage.h"

#include <algorithm>
#include <elf.h>

using namespace segc;

#if defined(__x86_64__)
static constexpr unsigned hostMachine = EM_X86_64;
#elif defined(__aarch64__)
static constexpr unsigned hostMachine = EM_AARCH64;
#else
static constexpr unsigned hostMachine = EM_NONE;
#endif

/// Limit of the zeroed memory behind the file bytes of a segment. A model needs
/// none, since the caller gives its memory.
static constexpr uint64_t maxZeroed = uint64_t{1} << 28;
static constexpr uint64_t maxAddress = uint64_t{1} << 46;

static const char *machineName(unsigned machine) {
  switch (machine) {
  case EM_X86_64:
    return "x86-64";
  case EM_AARCH64:
    return "aarch64";
  case EM_386:
    return "i386";
  case EM_RISCV:
    return "riscv";
  default:
    return "another processor";
  }
}

/// The relocation that depends on the load address alone, on the machines that
/// models are compiled for; none on others.
static std::optional<unsigned> relativeTypeOf(unsigned machine) {
  switch (machine) {
  case EM_X86_64:
    return R_X86_64_RELATIVE;
  case EM_AARCH64:
    return R_AARCH64_RELATIVE;
  default:
    return std::nullopt;
  }
}

static Status broken(const std::string &where, const std::string &what) {
  return dataLoss(where + ": " + what +
                  "; the file is truncated or damaged, compile or copy it "
                  "again");
}

static Status checkIdentity(std::string_view bytes, const std::string &where,
                            ModelMachine machine) {
  if (bytes.size() < sizeof(Elf64_Ehdr) ||
      std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0)
    return invalidArgument(where + ": expected a compiled model (an ELF shared "
                                   "object), found something else; compile a "
                                   ".mlir with `segc compile`");
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB ||
      !relativeTypeOf(header.e_machine) ||
      (machine == ModelMachine::This && header.e_machine != hostMachine))
    return unsupported(where + ": compiled for " +
                       machineName(header.e_machine) + ", this machine is " +
                       machineName(hostMachine) +
                       "; compile the model again for this machine");
  if (header.e_type != ET_DYN || header.e_version != EV_CURRENT)
    return invalidArgument(where + ": an ELF file, but no shared object; give "
                                   "the .so that `segc compile` wrote");
  return Status::success();
}

Status ElfImage::readSegments(const std::string &where) {
  const auto header = structAt<Elf64_Ehdr>(0);
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 ||
      !inFile(header.e_phoff, uint64_t{header.e_phnum} * sizeof(Elf64_Phdr)))
    return broken(where, "its program headers lie outside the file");
  uint64_t end = 0, zeroed = 0;
  std::vector<Elf64_Phdr> later;
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    const auto segment =
        structAt<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type != PT_LOAD) {
      later.push_back(segment);
      continue;
    }
    if (!inFile(segment.p_offset, segment.p_filesz))
      return broken(where, "a segment ends at byte " +
                               std::to_string(segment.p_offset) + " + " +
                               std::to_string(segment.p_filesz) +
                               ", the file "
                               "has " +
                               std::to_string(bytes.size()));
    if (segment.p_filesz > segment.p_memsz || segment.p_vaddr < end ||
        segment.p_vaddr > maxAddress || segment.p_memsz > maxAddress)
      return broken(where, "its segments overlap");
    zeroed += segment.p_memsz - segment.p_filesz;
    if (zeroed > maxZeroed)
      return broken(where, "it asks for " + std::to_string(zeroed) +
                               " bytes of zeroed memory, expected at most " +
                               std::to_string(maxZeroed));
    end = segment.p_vaddr + segment.p_memsz;
    segments.push_back({segment.p_vaddr, segment.p_offset, segment.p_filesz,
                        segment.p_memsz, (segment.p_flags & PF_X) != 0});
  }
  bool dynamic = false;
  for (const Elf64_Phdr &segment : later) {
    if (segment.p_type != PT_DYNAMIC && segment.p_type != PT_NOTE)
      continue;
    if (!inFile(segment.p_offset, segment.p_filesz))
      return broken(where, "a header of its lies outside the file");
    if (segment.p_type == PT_NOTE)
      readNotes(segment.p_offset, segment.p_filesz, segment.p_vaddr);
    else
      SEGC_RETURN_IF_ERROR(
          readDynamic(segment.p_offset, segment.p_filesz, where));
    dynamic |= segment.p_type == PT_DYNAMIC;
  }
  return dynamic ? Status::success()
                 : broken(where, "it has no table for the dynamic linker");
}

/// Linkers write the section headers last, so a truncated file lacks them.
Status ElfImage::checkSections(const std::string &where) const {
  const auto header = structAt<Elf64_Ehdr>(0);
  if (header.e_shnum == 0)
    return Status::success();
  const uint64_t count = header.e_shnum;
  if (header.e_shentsize != sizeof(Elf64_Shdr) ||
      !inFile(header.e_shoff, count * sizeof(Elf64_Shdr)))
    return broken(
        where, "its section headers should end at byte " +
                   std::to_string(header.e_shoff + count * sizeof(Elf64_Shdr)) +
                   ", the file has " + std::to_string(bytes.size()));
  for (uint64_t i = 0; i < count; ++i) {
    const auto section =
        structAt<Elf64_Shdr>(header.e_shoff + i * sizeof(Elf64_Shdr));
    if (section.sh_type != SHT_NULL && section.sh_type != SHT_NOBITS &&
        !inFile(section.sh_offset, section.sh_size))
      return broken(where,
                    "section " + std::to_string(i) + " lies outside the file");
  }
  return Status::success();
}

/// Checks the tables that the dynamic linker uses before any code runs.
Status ElfImage::readDynamic(uint64_t offset, uint64_t size,
                             const std::string &where) {
  const auto relativeType = relativeTypeOf(structAt<Elf64_Ehdr>(0).e_machine);
  uint64_t table = 0, tableBytes = 0;
  bool ended = false;
  for (uint64_t i = 0; !ended && i + sizeof(Elf64_Dyn) <= size;
       i += sizeof(Elf64_Dyn)) {
    const auto entry = structAt<Elf64_Dyn>(offset + i);
    switch (entry.d_tag) {
    case DT_NULL:
      ended = true;
      break;
    case DT_RELA:
      table = entry.d_un.d_ptr;
      break;
    case DT_RELASZ:
      tableBytes = entry.d_un.d_val;
      break;
    case DT_STRTAB:
    case DT_SYMTAB:
    case DT_HASH:
    case DT_GNU_HASH:
    case DT_JMPREL:
    case DT_VERSYM:
    case DT_VERDEF:
    case DT_VERNEED:
      if (!at(entry.d_un.d_ptr, sizeof(uint64_t)))
        return broken(where, "a table of the dynamic linker lies outside the "
                             "file");
      break;
    }
  }
  if (!ended)
    return broken(where, "the table for the dynamic linker has no end");
  if (tableBytes == 0)
    return Status::success();
  std::optional<std::string_view> entries = at(table, tableBytes);
  if (!entries)
    return broken(where, "its relocations lie outside the file");
  for (uint64_t i = 0; i + sizeof(Elf64_Rela) <= tableBytes;
       i += sizeof(Elf64_Rela)) {
    Elf64_Rela entry;
    std::memcpy(&entry, entries->data() + i, sizeof(entry));
    bool inside = false;
    for (const Segment &segment : segments)
      inside |= entry.r_offset >= segment.address &&
                segment.memoryBytes >= sizeof(uint64_t) &&
                entry.r_offset - segment.address <=
                    segment.memoryBytes - sizeof(uint64_t);
    if (!inside)
      return broken(where, "a relocation lies outside its segments");
    relocations.push_back({entry.r_offset,
                           static_cast<uint64_t>(entry.r_addend),
                           ELF64_R_TYPE(entry.r_info) == relativeType});
  }
  std::sort(relocations.begin(), relocations.end());
  return Status::success();
}

void ElfImage::readNotes(uint64_t offset, uint64_t size, uint64_t address) {
  auto aligned = [](uint64_t n) { return (n + 3) / 4 * 4; };
  for (uint64_t at = 0; at + sizeof(Elf64_Nhdr) <= size;) {
    const auto header = structAt<Elf64_Nhdr>(offset + at);
    const uint64_t owner = at + sizeof(Elf64_Nhdr);
    const uint64_t content = owner + aligned(header.n_namesz);
    const uint64_t next = content + aligned(header.n_descsz);
    if (content + header.n_descsz > size)
      return;
    std::string_view name = bytes.substr(offset + owner, header.n_namesz);
    if (!name.empty() && name.back() == '\0')
      name.remove_suffix(1);
    notes.push_back({name, bytes.substr(offset + content, header.n_descsz),
                     header.n_type, address + content});
    at = next;
  }
}

StatusOr<ElfImage> ElfImage::parse(std::string_view bytes,
                                   const std::string &where,
                                   ModelMachine machine) {
  SEGC_RETURN_IF_ERROR(checkIdentity(bytes, where, machine));
  ElfImage image;
  image.bytes = bytes;
  SEGC_RETURN_IF_ERROR(image.checkSections(where));
  SEGC_RETURN_IF_ERROR(image.readSegments(where));
  return image;
}

std::optional<std::string_view> ElfImage::at(uint64_t address,
                                             uint64_t size) const {
  for (const Segment &segment : segments)
    if (address >= segment.address) {
      const uint64_t place = address - segment.address;
      if (place <= segment.fileBytes && size <= segment.fileBytes - place)
        return bytes.substr(segment.offset + place, size);
    }
  return std::nullopt;
}

std::optional<uint64_t> ElfImage::pointer(uint64_t address) const {
  auto found = std::lower_bound(relocations.begin(), relocations.end(),
                                Relocation{address, 0, false});
  if (found == relocations.end() || found->place != address)
    return read<uint64_t>(address);
  if (!found->relative)
    return std::nullopt;
  return found->target;
}

std::optional<std::string_view> ElfImage::text(uint64_t address) const {
  for (const Segment &segment : segments) {
    if (address < segment.address ||
        address - segment.address >= segment.fileBytes)
      continue;
    const uint64_t place = address - segment.address;
    std::string_view rest =
        bytes.substr(segment.offset + place, segment.fileBytes - place);
    const size_t length = rest.find('\0');
    if (length != std::string_view::npos)
      return rest.substr(0, length);
  }
  return std::nullopt;
}

bool ElfImage::isCode(uint64_t address) const {
  for (const Segment &segment : segments)
    if (segment.executable && address >= segment.address &&
        address - segment.address < segment.fileBytes)
      return true;
  return false;
}

std::optional<std::pair<uint64_t, std::string_view>>
ElfImage::note(std::string_view owner, uint32_t type) const {
  for (const Note &note : notes)
    if (note.owner == owner && note.type == type)
      return std::make_pair(note.address, note.content);
  return std::nullopt;
}
