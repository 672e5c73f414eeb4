# Files that are compiled together with BIREID_UNITS and for the web: a compiler takes two seconds a
# file, of which the headers are most. A file that is not named here is compiled by itself; so is one
# that uses a name of its own which another of its unit has.

# bireid_unit(UNIT DIRECTORY NAMES...)
function(bireid_unit unit directory)
  list(TRANSFORM ARGN PREPEND "${directory}/")
  list(TRANSFORM ARGN APPEND ".cc")
  set_source_files_properties(${ARGN} PROPERTIES UNITY_GROUP ${unit})
endfunction()

bireid_unit(plan plan buffers chain node_check node_shapes plan plan_builder profile_log
  shape_inference step thread_pool tile_step usable_cpus validation value_table)
bireid_unit(plan formats builtin_options custom_options)
bireid_unit(plan operators pool_2d)
bireid_unit(kernels operators l2_normalization)
bireid_unit(kernels kernels amx_permission binary_convolution binary_max_pool depthwise_convolution dispatch
  float_convolution geometry packing pixel_convolution pixelwise resize_dispatch search_dispatch)
bireid_unit(operators operators concatenation lce_bconv_2d lce_dequantize lce_quantize logistic mean
  packed_conversion relu reshape table windows)
bireid_unit(arithmetic operators add_sub conv_2d depthwise_conv_2d elementwise hard_swish lce_bmaxpool_2d
  mul operands pad pow prelu rsqrt squared_difference)
bireid_unit(arithmetic kernels grouped_convolution power)
bireid_unit(heads operators fully_connected maximum)
bireid_unit(session engine adaptation adaptation_spec boxes bundle c_api_extractor c_boxes c_pictures
  c_status camera_statistics centring checksums clouds describe json json_text network responses
  session sha256 text)
bireid_unit(faces engine c_api_classifier c_api_detector c_api_point_classifier c_api_search
  c_api_session c_api_statistics c_api_tracker search search_crops)
bireid_unit(readers engine decoders file following golden golden_decoded kinds safetensors)
bireid_unit(manifest engine manifest pixel_formats)
bireid_unit(models engine matching model_operators model_reader preprocess)
set_target_properties(bireid_core bireid_engine PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
# gcc warns of types without a name outside their file, which such a class has on purpose, wherever it
# is not the file that is compiled.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(bireid_core PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)
  target_compile_options(bireid_engine PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)
endif()
