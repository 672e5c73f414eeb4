// The native methods of org.bireid.PointClassifier over engine/bireid_point_classifier.h.
//
// PointClassifier.java checks sizes and calls nothing after close(). As in bireid_jni.cc.
#include <jni.h>

#include <cstdint>

#include "engine/bireid_point_classifier.h"
#include "jni_support.h"

using bireid_jni::ThrowLastError;
using bireid_jni::ToBytes;

namespace {

constexpr int64_t kAxes = 3;

bireid_point_classifier* FromHandle(jlong handle) {
  return bireid_jni::FromHandle<bireid_point_classifier>(handle);
}

}  // namespace

extern "C" {

JNIEXPORT jlong JNICALL Java_org_bireid_PointClassifier_nativeOpen(JNIEnv* env, jclass,
                                                                   jbyteArray directory,
                                                                   jint threads, jbyteArray isa,
                                                                   jbyteArray stem,
                                                                   jboolean skip_checksums) {
  return bireid_jni::Open(env, {env, directory, threads, isa, stem, skip_checksums, nullptr},
                          bireid_point_classifier_open);
}

JNIEXPORT jint JNICALL Java_org_bireid_PointClassifier_nativeClassCount(JNIEnv*, jclass,
                                                                        jlong handle) {
  return bireid_point_class_count(FromHandle(handle));
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_PointClassifier_nativeClassName(JNIEnv* env, jclass,
                                                                             jlong handle,
                                                                             jint index) {
  return ToBytes(env, bireid_point_class_name(FromHandle(handle), index));
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_PointClassifier_nativeFingerprint(JNIEnv* env, jclass,
                                                                               jlong handle) {
  return ToBytes(env, bireid_point_classifier_fingerprint(FromHandle(handle)));
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_PointClassifier_nativeDescribe(JNIEnv* env, jclass,
                                                                            jlong handle) {
  return ToBytes(env, bireid_point_classifier_describe(FromHandle(handle)));
}

JNIEXPORT void JNICALL Java_org_bireid_PointClassifier_nativeClassify(JNIEnv* env, jclass,
                                                                      jlong handle,
                                                                      jfloatArray points,
                                                                      jfloatArray logits) {
  jfloat* coordinates = env->GetFloatArrayElements(points, nullptr);
  if (coordinates == nullptr) return;
  jfloat* values = env->GetFloatArrayElements(logits, nullptr);
  if (values == nullptr) {
    env->ReleaseFloatArrayElements(points, coordinates, JNI_ABORT);
    return;
  }
  const bireid_status status =
      bireid_classify_points(FromHandle(handle), coordinates, env->GetArrayLength(points) / kAxes,
                             values, env->GetArrayLength(logits));
  env->ReleaseFloatArrayElements(logits, values, 0);
  env->ReleaseFloatArrayElements(points, coordinates, JNI_ABORT);
  if (status != BIREID_OK) ThrowLastError(env, status);
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_PointClassifier_nativeSelfTest(JNIEnv* env, jclass,
                                                                            jlong handle,
                                                                            jdoubleArray measured) {
  return bireid_jni::SelfTest(env, handle, measured, bireid_point_classifier_selftest);
}

JNIEXPORT void JNICALL Java_org_bireid_PointClassifier_nativeClose(JNIEnv*, jclass, jlong handle) {
  bireid_point_classifier_close(FromHandle(handle));
}

}  // extern "C"
