"""A tiny transformer with random weights, which learns on two cores what it is shown.

    tiny_llama(Path("models/tiny"), "which is better A B one two three".split())

Its folder is one of transformers as any other: `config.json`, `model.safetensors`, a tokenizer that
knows the words it is given, and a chat template. What trains and asks an 8B model trains and asks
this one.
"""

from collections.abc import Iterable
from pathlib import Path

PAD, UNKNOWN, END = "<|pad|>", "<|unknown|>", "<|end|>"
ROLES = ("<|system|>", "<|user|>", "<|assistant|>")

CHAT = (
    "{% for message in messages %}"
    "<|{{ message['role'] }}|> {{ message['content'] }} <|end|> "
    "{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|> {% endif %}"
)
"""Every turn between the mark of its role and the end mark, which is also the end of an answer."""


def tiny_llama(
    folder: Path, words: Iterable[str], *, hidden: int = 64, layers: int = 2, seed: int = 0
) -> Path:
    """A Llama with random weights that reads and writes words divided by spaces.

    Args:
        folder: Where it is saved; made where it is missing.
        words: What it knows, in any order; another word reads as unknown. Equal words, sizes and
            seeds make equal files.
        hidden: Width of a layer; a multiple of 4.
        layers: Number of layers.
        seed: Of the weights.

    Returns:
        The folder.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _tokenizer(words)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer(words: Iterable[str]):  # noqa: ANN202 - transformers has no types
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    marks = [PAD, UNKNOWN, END, *ROLES]
    listed = [*marks, *sorted(set(words) - set(marks))]
    tokenizer = Tokenizer(
        models.WordLevel({word: at for at, word in enumerate(listed)}, unk_token=UNKNOWN)
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        unk_token=UNKNOWN,
        eos_token=END,
        additional_special_tokens=list(ROLES),
        chat_template=CHAT,
        model_max_length=2048,
        clean_up_tokenization_spaces=False,
    )
