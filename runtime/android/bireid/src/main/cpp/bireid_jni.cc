// The native methods of org.bireid.Extractor over engine/bireid.h.
//
// Extractor.java checks sizes and calls nothing after close(). Text crosses as UTF-8 bytes. Nothing
// here throws in C++; where a function of JNI returns null, an exception of Java is pending.
#include <jni.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "engine/bireid.h"
#include "jni_support.h"

using bireid_jni::ByteArray;
using bireid_jni::OpenArguments;
using bireid_jni::ThrowLastError;
using bireid_jni::ToBytes;

namespace {

bireid_extractor* FromHandle(jlong handle) {
  return bireid_jni::FromHandle<bireid_extractor>(handle);
}

void Embed(JNIEnv* env, jlong handle, const uint8_t* pixels, jint width, jint height,
           jfloatArray embedding) {
  jfloat* values = env->GetFloatArrayElements(embedding, nullptr);
  if (values == nullptr) return;
  const bireid_status status = bireid_embed_rgb8(FromHandle(handle), pixels, width, height, 0,
                                                 values, env->GetArrayLength(embedding));
  env->ReleaseFloatArrayElements(embedding, values, 0);
  if (status != BIREID_OK) ThrowLastError(env, status);
}

// Two references for each file, which live as long as the frame.
jlong OpenFiles(JNIEnv* env, jobjectArray names, jobjectArray contents, OpenArguments* arguments) {
  const jsize count = env->GetArrayLength(names);
  if (env->PushLocalFrame(2 * count + 1) != 0) return 0;
  jlong handle = 0;
  {
    std::deque<ByteArray> bytes;
    std::vector<bireid_file> files;
    bool ok = true;
    for (jsize i = 0; i < count && ok; ++i) {
      const auto name = static_cast<jbyteArray>(env->GetObjectArrayElement(names, i));
      const auto content = static_cast<jbyteArray>(env->GetObjectArrayElement(contents, i));
      const ByteArray& text = bytes.emplace_back(env, name);
      ok = text.ok();
      if (!ok) break;
      const ByteArray& data = bytes.emplace_back(env, content);
      ok = data.ok();
      files.push_back(
          {text.text(), data.data(), static_cast<size_t>(env->GetArrayLength(content))});
    }
    arguments->set_files(files.data(), static_cast<int32_t>(files.size()));
    if (ok) handle = bireid_jni::Open(env, *arguments, bireid_open);
  }
  env->PopLocalFrame(nullptr);
  return handle;
}

}  // namespace

extern "C" {

JNIEXPORT jlong JNICALL Java_org_bireid_Extractor_nativeOpen(JNIEnv* env, jclass,
                                                             jbyteArray directory, jint threads,
                                                             jbyteArray isa, jbyteArray stem,
                                                             jboolean skip_checksums,
                                                             jbyteArray camera) {
  return bireid_jni::Open(env, {env, directory, threads, isa, stem, skip_checksums, camera},
                          bireid_open);
}

JNIEXPORT jlong JNICALL Java_org_bireid_Extractor_nativeOpenFiles(
    JNIEnv* env, jclass, jobjectArray names, jobjectArray contents, jbyteArray name, jint threads,
    jbyteArray isa, jbyteArray stem, jboolean skip_checksums, jbyteArray camera) {
  OpenArguments arguments(env, name, threads, isa, stem, skip_checksums, camera);
  return OpenFiles(env, names, contents, &arguments);
}

JNIEXPORT jint JNICALL Java_org_bireid_Extractor_nativeEmbeddingDim(JNIEnv*, jclass, jlong handle) {
  return bireid_embedding_dim(FromHandle(handle));
}

JNIEXPORT jint JNICALL Java_org_bireid_Extractor_nativeCameraCount(JNIEnv*, jclass, jlong handle) {
  return bireid_camera_count(FromHandle(handle));
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_Extractor_nativeCameraName(JNIEnv* env, jclass,
                                                                        jlong handle, jint index) {
  return ToBytes(env, bireid_camera_name(FromHandle(handle), index));
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_Extractor_nativeFingerprint(JNIEnv* env, jclass,
                                                                         jlong handle) {
  return ToBytes(env, bireid_fingerprint(FromHandle(handle)));
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_Extractor_nativeDescribe(JNIEnv* env, jclass,
                                                                      jlong handle) {
  return ToBytes(env, bireid_describe(FromHandle(handle)));
}

JNIEXPORT void JNICALL Java_org_bireid_Extractor_nativeEmbedArray(JNIEnv* env, jclass, jlong handle,
                                                                  jbyteArray pixels, jint width,
                                                                  jint height,
                                                                  jfloatArray embedding) {
  const ByteArray bytes(env, pixels);
  if (bytes.ok()) Embed(env, handle, bytes.data(), width, height, embedding);
}

JNIEXPORT void JNICALL Java_org_bireid_Extractor_nativeEmbedBuffer(JNIEnv* env, jclass,
                                                                   jlong handle, jobject pixels,
                                                                   jint width, jint height,
                                                                   jfloatArray embedding) {
  const void* bytes = env->GetDirectBufferAddress(pixels);
  Embed(env, handle, static_cast<const uint8_t*>(bytes), width, height, embedding);
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_Extractor_nativeSelfTest(JNIEnv* env, jclass,
                                                                      jlong handle,
                                                                      jdoubleArray measured) {
  return bireid_jni::SelfTest(env, handle, measured, bireid_selftest);
}

JNIEXPORT void JNICALL Java_org_bireid_Extractor_nativeClose(JNIEnv*, jclass, jlong handle) {
  bireid_close(FromHandle(handle));
}

}  // extern "C"
