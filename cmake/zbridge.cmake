# What every folder's CMakeLists.txt uses: zb_module() for a folder of the bridge, zb_test() for a folder of unit tests.
# The presets (CMakePresets.json) set the options below.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(ZBRIDGE_TESTS "Build the tests" ON)
option(ZBRIDGE_WERROR "Treat warnings as errors" OFF)
set(ZBRIDGE_SANITIZE "" CACHE STRING "Sanitizers to build with, as -fsanitize takes them: address,undefined or thread")
option(ZBRIDGE_FUZZ "Build the targets of tests/fuzz with libFuzzer (clang only)" OFF)

find_program(ZBRIDGE_CCACHE ccache)
if(ZBRIDGE_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${ZBRIDGE_CCACHE})
endif()

add_library(zbridge_flags INTERFACE)
target_include_directories(zbridge_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(zbridge_flags INTERFACE ZBRIDGE_VERSION="${PROJECT_VERSION}")
target_compile_options(zbridge_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                       -Wold-style-cast -Wcast-qual -Wunused)
if(ZBRIDGE_WERROR)
    target_compile_options(zbridge_flags INTERFACE -Werror)
endif()
if(ZBRIDGE_FUZZ)
    target_compile_options(zbridge_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(ZBRIDGE_SANITIZE)
    target_compile_options(zbridge_flags INTERFACE -fsanitize=${ZBRIDGE_SANITIZE} -fno-sanitize-recover=all
                           -fno-omit-frame-pointer
                           $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)  # g++ sees it where sanitizers look
    target_link_options(zbridge_flags INTERFACE -fsanitize=${ZBRIDGE_SANITIZE})
endif()

# zbridge_add_plugin(): as those have it who build a plugin outside the tree.
set(ZBRIDGE_PLUGIN_MAP ${PROJECT_SOURCE_DIR}/cmake/package/zbridge_plugin.map)
include(${PROJECT_SOURCE_DIR}/cmake/package/zbridge_add_plugin.cmake)

# zb_folders(NAME...): those of these folders that have a CMakeLists.txt.
function(zb_folders)
    foreach(folder ${ARGN})
        if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt)
            add_subdirectory(${folder})
        endif()
    endforeach()
endfunction()

# zb_module(NAME DEPENDS module... LINK library...): the static library of bridge/NAME, from all its .cc files.
function(zb_module name)
    cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cc)
    set(target zb_${name})
    if(sources)
        add_library(${target} STATIC ${sources})
        set(scope PUBLIC)
    else()
        add_library(${target} INTERFACE)
        set(scope INTERFACE)
    endif()
    list(TRANSFORM ARG_DEPENDS PREPEND zb_)
    target_link_libraries(${target} ${scope} zbridge_flags ${ARG_DEPENDS} ${ARG_LINK})
endfunction()

# zb_test(NAME DEPENDS module...): one program of all *_test.cc files of this folder, one ctest entry.
function(zb_test name)
    cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS *_test.cc)
    list(TRANSFORM ARG_DEPENDS PREPEND zb_)
    add_executable(${name}_test ${sources})
    target_link_libraries(${name}_test PRIVATE zbridge_flags doctest_main ${ARG_DEPENDS} ${ARG_LINK})
    target_precompile_headers(${name}_test PRIVATE <doctest/doctest.h>)
    add_test(NAME unit.${name} COMMAND ${name}_test)
endfunction()
