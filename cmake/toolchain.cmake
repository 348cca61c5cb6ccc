# SPDX-License-Identifier: MIT
# What the top-level build asks of the toolchain; a parent project that adds askr as a folder decides this itself.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release or RelWithDebInfo" FORCE)
endif()

if(NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(CCACHE ccache)
  mark_as_advanced(CCACHE)
  if(CCACHE)
    # What ccache asks for before it caches a build with precompiled headers.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      add_compile_options(-fpch-preprocess)
    endif()
  endif()
endif()

if(ASKR_HARDEN)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)  # -fPIE for programs, -fPIC for the library.
  add_compile_options(-fstack-protector-strong -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
  add_compile_definitions($<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
  include(CheckCXXCompilerFlag)
  check_cxx_compiler_flag(-fcf-protection ASKR_HAS_CF_PROTECTION)  # x86 only
  if(ASKR_HAS_CF_PROTECTION)
    add_compile_options(-fcf-protection)
  endif()
  add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie> LINKER:-z,relro,-z,now)
endif()

# A program keeps only the functions it calls: a node's idle memory is mostly the pages of its own code.
add_compile_options(-ffunction-sections -fdata-sections)
add_link_options(LINKER:--gc-sections)

include(CheckLinkerFlag)
check_linker_flag(CXX LINKER:-z,pack-relative-relocs ASKR_HAS_PACKED_RELOCATIONS)  # binutils 2.38, glibc 2.36
if(ASKR_HAS_PACKED_RELOCATIONS)
  add_link_options(LINKER:-z,pack-relative-relocs)
endif()

# GCC 12 sees uninitialised members in moved std::variants where there are none (its bug 105562); clang has no such warning.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-maybe-uninitialized)
endif()
