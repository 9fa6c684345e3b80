# What `cmake --install build/release --prefix DIR` lays down:
#
#   bin/zbridge                                     (bridge/CMakeLists.txt)
#   share/zbridge/config, share/zbridge/examples     what config/ and examples/ hold
#   share/doc/zbridge                                README.md, LICENSE, docs/
#   lib/systemd/system/zbridge.service
include(GNUInstallDirs)

install(DIRECTORY config examples DESTINATION ${CMAKE_INSTALL_DATADIR}/zbridge USE_SOURCE_PERMISSIONS
        PATTERN CMakeLists.txt EXCLUDE
        PATTERN zbridge.service EXCLUDE
        PATTERN __pycache__ EXCLUDE
        PATTERN node_modules EXCLUDE
        PATTERN target EXCLUDE)
install(FILES config/zbridge.service DESTINATION lib/systemd/system)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})
