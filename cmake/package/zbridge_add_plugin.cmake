# zbridge_add_plugin(NAME FILE...): the target NAME, a plugin of these sources, C or C++17: build/NAME.so.
#
# It exports one symbol, zbridge_plugin_entry: what else a library has (libstdc++'s templates, say) would get in the way of
# the bridge and of other plugins. A symbol that nothing gives it fails the link here, and not the start of the bridge.
# More libraries of its own: target_link_libraries(NAME PRIVATE ...).
function(zbridge_add_plugin name)
    add_library(${name} MODULE ${ARGN})
    target_link_libraries(${name} PRIVATE zbridge::plugin)
    set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX .so LINK_DEPENDS "${ZBRIDGE_PLUGIN_MAP}"
                          C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
    get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
    if(CXX IN_LIST languages)
        target_compile_features(${name} PRIVATE cxx_std_17)
    endif()
    target_link_options(${name} PRIVATE "LINKER:--version-script=${ZBRIDGE_PLUGIN_MAP}")
    # What a sanitizer needs is in the program that loads the plugin.
    get_target_property(options ${name} COMPILE_OPTIONS)
    if(NOT ZBRIDGE_SANITIZE AND NOT "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS} ${options}" MATCHES "-fsanitize")
        target_link_options(${name} PRIVATE LINKER:-z,defs)
    endif()
endfunction()
