# What `cmake --install build/release --prefix DIR` lays down:
#
#   bin/zbridge
#   share/zbridge/config, share/zbridge/examples     what config/ and examples/ hold
#   share/doc/zbridge                                README.md, LICENSE, docs/
#   lib/systemd/system/zbridge.service
include(GNUInstallDirs)

if(TARGET zbridge)
    set_target_properties(zbridge PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
    install(TARGETS zbridge RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

install(DIRECTORY config examples DESTINATION ${CMAKE_INSTALL_DATADIR}/zbridge USE_SOURCE_PERMISSIONS
        PATTERN CMakeLists.txt EXCLUDE
        PATTERN zbridge.service EXCLUDE
        PATTERN __pycache__ EXCLUDE
        PATTERN node_modules EXCLUDE
        PATTERN target EXCLUDE)
install(FILES config/zbridge.service DESTINATION lib/systemd/system)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})
