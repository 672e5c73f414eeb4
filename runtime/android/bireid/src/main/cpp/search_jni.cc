// The native method of org.bireid.Search over engine/bireid_search.h; Search.java checks sizes.
#include <jni.h>

#include <cstdint>
#include <vector>

#include "engine/bireid_search.h"
#include "jni_support.h"

using bireid_jni::ByteArray;
using bireid_jni::ThrowLastError;

extern "C" {

// Fills `found` and `scores`, which have room for `top`, and returns how many there are.
JNIEXPORT jint JNICALL Java_org_bireid_Search_nativeFind(JNIEnv* env, jclass, jobject rows,
                                                         jlong count, jint dim, jbyteArray code,
                                                         jfloatArray query, jint top, jint threads,
                                                         jlongArray found, jfloatArray scores) {
  const void* memory = env->GetDirectBufferAddress(rows);
  const jsize places = env->GetArrayLength(found);
  std::vector<int64_t> numbers(static_cast<size_t>(places));
  std::vector<float> values(static_cast<size_t>(places));
  int64_t filled = 0;
  bireid_status status;
  if (code != nullptr) {
    const ByteArray bits(env, code);
    if (!bits.ok()) return 0;
    std::vector<int32_t> distances(static_cast<size_t>(places));
    status = bireid_search_codes(static_cast<const uint8_t*>(memory), count, dim, bits.data(),
                                 nullptr, top, threads, numbers.data(), distances.data(), &filled);
    values.assign(distances.begin(), distances.end());
  } else {
    std::vector<float> asked(static_cast<size_t>(dim));
    env->GetFloatArrayRegion(query, 0, dim, asked.data());
    status = bireid_search_vectors(static_cast<const float*>(memory), count, dim, asked.data(),
                                   nullptr, top, threads, numbers.data(), values.data(), &filled);
  }
  if (status != BIREID_OK) {
    ThrowLastError(env, status);
    return 0;
  }
  const std::vector<jlong> longs(numbers.begin(), numbers.end());
  env->SetLongArrayRegion(found, 0, static_cast<jsize>(filled), longs.data());
  env->SetFloatArrayRegion(scores, 0, static_cast<jsize>(filled), values.data());
  return static_cast<jint>(filled);
}

}  // extern "C"
