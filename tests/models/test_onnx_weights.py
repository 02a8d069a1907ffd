"""Weights out of ONNX files that were written here byte by byte."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx_writing import bert_file, field, node, onnx, quantised, tensor, varint

from models.onnx_weights import _varint, read_bert


@pytest.fixture
def read(tmp_path):
    def of_parts(*parts):
        (tmp_path / "model.onnx").write_bytes(onnx(*parts))
        return read_bert(tmp_path / "model.onnx")

    return of_parts


MATRIX = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.mark.parametrize(("raw", "packed"), [(True, True), (True, False), (False, True), (False, False)])
def test_a_plain_weight_keeps_its_name_and_shape_however_it_is_written(read, raw, packed):
    weights = read(tensor("bert.embeddings.word_embeddings.weight", MATRIX, raw=raw, packed=packed))
    assert list(weights) == ["embeddings.word_embeddings.weight"]
    np.testing.assert_array_equal(weights["embeddings.word_embeddings.weight"], MATRIX)


def test_half_precision_comes_out_as_float32(read):
    (bias,) = read(tensor("encoder.layer.0.output.dense.bias", np.float16([0.5, -2]))).values()
    assert bias.dtype == np.float32
    assert bias.tolist() == [0.5, -2.0]


def test_a_table_quantised_with_one_scale(read):
    table = np.array([[0, 255], [128, 130]], np.uint8)
    weights = read(quantised("embeddings.word_embeddings.weight", table, 0.5, np.uint8(128)))
    assert weights["embeddings.word_embeddings.weight"].tolist() == [[-64.0, 63.5], [0.0, 1.0]]


def test_a_matrix_quantised_by_columns_is_named_after_its_node_and_turned_round(read):
    matrix = np.array([[1, -128, 3], [4, 5, 127]], np.int8)
    weights = read(
        quantised("onnx::MatMul_7", matrix, [1.0, 0.5, 2.0], np.int8([0, -1, 1])),
        node(
            "MatMulInteger",
            ["/x_quantized", "onnx::MatMul_7_quantized", "/x_zero_point", "onnx::MatMul_7_zero_point"],
            "/bert/encoder/layer.3/attention/self/query/MatMul_output_0_output_quantized",
        ),
    )
    assert list(weights) == ["encoder.layer.3.attention.self.query.weight"]
    (matrix,) = weights.values()
    assert matrix.tolist() == [[1.0, 4.0], [-63.5, 3.0], [4.0, 252.0]]


def test_a_matrix_whose_node_has_no_module_keeps_its_own_name(read):
    weights = read(
        quantised("classifier.weight", np.int8([[1], [2]]), 1.0, np.int8(0)),
        node("MatMulInteger", ["/x", "classifier.weight_quantized", "/z", "/y"], "logits_MatMul_output_quantized"),
    )
    assert weights["classifier.weight"].tolist() == [[1.0, 2.0]]


def test_the_joined_matrices_of_a_fused_attention_are_taken_apart(read):
    joined = np.arange(12, dtype=np.float16).reshape(2, 6)
    weights = read(
        tensor("Attention_0_qkv_weight", joined),
        tensor("Attention_0_qkv_bias", np.float16([0, 1, 2, 3, 4, 5])),
        node(
            "Attention",
            ["/x", "Attention_0_qkv_weight", "Attention_0_qkv_bias", "mask"],
            "/encoder/layer.0/attention/self/Reshape_3_output_0",
        ),
    )
    name = "encoder.layer.0.attention.self"
    assert {key: value.tolist() for key, value in weights.items()} == {
        f"{name}.query.weight": [[0, 6], [1, 7]],
        f"{name}.key.weight": [[2, 8], [3, 9]],
        f"{name}.value.weight": [[4, 10], [5, 11]],
        f"{name}.query.bias": [0, 1],
        f"{name}.key.bias": [2, 3],
        f"{name}.value.bias": [4, 5],
    }


def test_weights_can_be_changed_by_who_reads_them(read):
    (bias,) = read(tensor("encoder.layer.0.output.dense.bias", np.float32([1]))).values()
    bias += 1


WHOLE = onnx(tensor("a.weight", MATRIX), node("MatMul", ["/x", "a.weight"], "/b/MatMul_output_0"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01\x02 not an ONNX file",
        WHOLE[:-9],
        WHOLE[: len(WHOLE) // 2],
        field(7, field(5, field(2, 99) + field(8, "a.weight"))),
        field(7, field(5, field(2, 1) + field(9, b"\x00" * 5) + field(8, "a.weight"))),
        b"\x3b" + varint(4),
    ],
)
def test_what_is_no_onnx_file_is_a_value_error(tmp_path, content):
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(ValueError, match=r"ONNX|buffer"):
        read_bert(tmp_path / "model.onnx")


@given(st.integers(0, 2**64 - 1), st.binary(max_size=3))
def test_a_number_is_read_to_its_end(value, after):
    written = varint(value)
    assert _varint(memoryview(written + after), 0) == (value, len(written))


def test_the_writer_of_these_tests_gives_a_whole_checkpoint_back(tmp_path):
    weights = {
        "embeddings.LayerNorm.weight": np.float32([1, 2]),
        "encoder.layer.0.output.dense.weight": MATRIX,
        "encoder.layer.0.output.dense.bias": np.float32([3, 4]),
    }
    (tmp_path / "model.onnx").write_bytes(bert_file(weights))
    found = read_bert(tmp_path / "model.onnx")
    assert set(found) == set(weights)
    for name, values in weights.items():
        np.testing.assert_array_equal(found[name], values)
