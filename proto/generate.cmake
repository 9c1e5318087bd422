# What is generated at build time: protobuf-c code for our own messages, and the default schema as C. Sets
# CTS_GENERATED_DIR, CTS_GENERATED_SOURCES and CTS_EMBEDDED_SCHEMA.
#
#	*.proto --protoc-c--> generated/*.pb-c.[ch]
#	programme.proto --protoc--> programme.binpb --embed_schema--> generated/schema_embedded.c
#
# embed_schema is built from the schema reader itself, so a schema that the program would refuse stops
# the build. Only proto/schema_builtin.c needs the tables, and the tool is built without it.
set(CTS_GENERATED_DIR ${CMAKE_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${CTS_GENERATED_DIR}/google/protobuf)
set(CTS_PROTO_DIR ${CMAKE_CURRENT_LIST_DIR})

set(CTS_GENERATED_SOURCES)
function(cts_generate proto include_dir)
	set(base ${CTS_GENERATED_DIR}/${proto})
	string(REGEX REPLACE "\\.proto$" "" base ${base})
	add_custom_command(
		OUTPUT ${base}.pb-c.c ${base}.pb-c.h
		COMMAND ${PROTOC_C} -I ${CTS_PROTO_DIR} -I ${PROTOBUF_INCLUDE}
			--c_out=${CTS_GENERATED_DIR} ${include_dir}/${proto}
		DEPENDS ${include_dir}/${proto} ${ARGN}
		VERBATIM)
	set_source_files_properties(${base}.pb-c.c PROPERTIES COMPILE_OPTIONS "-w")
	set(CTS_GENERATED_SOURCES ${CTS_GENERATED_SOURCES} ${base}.pb-c.c ${base}.pb-c.h PARENT_SCOPE)
endfunction()

cts_generate(google/protobuf/descriptor.proto ${PROTOBUF_INCLUDE})
cts_generate(options.proto ${CTS_PROTO_DIR})
cts_generate(record.proto ${CTS_PROTO_DIR} ${CTS_PROTO_DIR}/options.proto)
cts_generate(stored.proto ${CTS_PROTO_DIR}
	${CTS_PROTO_DIR}/options.proto ${CTS_PROTO_DIR}/record.proto)

set(programme_set ${CTS_GENERATED_DIR}/programme.binpb)
add_custom_command(
	OUTPUT ${programme_set}
	COMMAND ${PROTOC} -I ${CTS_PROTO_DIR} -I ${PROTOBUF_INCLUDE} --include_imports
		--include_source_info -o ${programme_set} options.proto record.proto programme.proto
	DEPENDS ${CTS_PROTO_DIR}/options.proto ${CTS_PROTO_DIR}/record.proto
		${CTS_PROTO_DIR}/programme.proto
	VERBATIM)

add_executable(embed_schema proto/tools/embed_schema.c proto/tools/embed_tables.c proto/schema.c proto/schema_file.c
	proto/schema_load.c proto/schema_fields.c proto/schema_rules.c proto/schema_layout.c
	proto/nearest.c proto/arena.c proto/buf.c proto/error.c ${CTS_GENERATED_SOURCES})
target_include_directories(embed_schema PRIVATE ${CMAKE_SOURCE_DIR} ${CTS_GENERATED_DIR})
target_link_libraries(embed_schema PRIVATE PkgConfig::PROTOBUF_C PkgConfig::NETTLE)

# schema.binpb is what a store gets; tests read it.
set(CTS_EMBEDDED_SCHEMA ${CTS_GENERATED_DIR}/schema_embedded.c)
add_custom_command(
	OUTPUT ${CTS_EMBEDDED_SCHEMA} ${CTS_GENERATED_DIR}/schema.binpb
	COMMAND embed_schema ${programme_set} ${CTS_EMBEDDED_SCHEMA} ${CTS_GENERATED_DIR}/schema.binpb
	DEPENDS embed_schema ${programme_set}
	VERBATIM)
