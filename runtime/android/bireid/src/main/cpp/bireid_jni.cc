// The native methods of org.bireid.Extractor over engine/bireid.h.
//
// Extractor.java checks sizes and calls nothing after close(). Text crosses as UTF-8 bytes. Nothing
// here throws in C++; where a function of JNI returns null, an exception of Java is pending.
#include <jni.h>

#include <cstdint>

#include "engine/bireid.h"
#include "jni_support.h"

using bireid_jni::ByteArray;
using bireid_jni::OpenArguments;
using bireid_jni::ThrowLastError;
using bireid_jni::ToBytes;

namespace {

jlong ToHandle(bireid_extractor* extractor) {
  return static_cast<jlong>(reinterpret_cast<intptr_t>(extractor));
}

bireid_extractor* FromHandle(jlong handle) {
  return reinterpret_cast<bireid_extractor*>(static_cast<intptr_t>(handle));
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

}  // namespace

extern "C" {

JNIEXPORT jlong JNICALL Java_org_bireid_Extractor_nativeOpen(JNIEnv* env, jclass,
                                                             jbyteArray directory, jint threads,
                                                             jbyteArray isa, jbyteArray stem,
                                                             jboolean skip_checksums,
                                                             jbyteArray camera) {
  const OpenArguments arguments(env, directory, threads, isa, stem, skip_checksums, camera);
  if (!arguments.ok()) return 0;
  bireid_extractor* extractor = nullptr;
  const bireid_status status = bireid_open(arguments.directory(), arguments.options(), &extractor);
  if (status != BIREID_OK) ThrowLastError(env, status);
  return ToHandle(extractor);
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
  jdouble values[2] = {0, 0};  // largest difference, smallest cosine
  const bireid_status status = bireid_selftest(FromHandle(handle), &values[0], &values[1]);
  if (status == BIREID_OK || status == BIREID_SELF_TEST_FAILED) {
    env->SetDoubleArrayRegion(measured, 0, 2, values);
    return status == BIREID_OK ? nullptr : ToBytes(env, bireid_last_error());
  }
  ThrowLastError(env, status);
  return nullptr;
}

JNIEXPORT void JNICALL Java_org_bireid_Extractor_nativeClose(JNIEnv*, jclass, jlong handle) {
  bireid_close(FromHandle(handle));
}

}  // extern "C"
