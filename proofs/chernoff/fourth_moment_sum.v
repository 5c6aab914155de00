(* The fourth moment of a sum of i.i.d. centred vectors, for an abstract
   expectation with the product rule.  With g = (g_0, ..., g_{m-1}), E g_k = 0,

     E |g(X_0) + ... + g(X_{L-1})|^4 <= L E|g|^4 + 3 L^2 (E|g|^2)^2
                                                     (fourth_moment_sum).

   The proof follows the moments E N^i M^j, i, j <= 2, of two scalar sums
   N = sum a(X_i), M = sum b(X_i) as tokens are added one by one.

     binom2 i p              the binomial coefficient of i over p, for i <= 2
     next_mono n i j         the expansion of N_{n+1}^i M_{n+1}^j in powers of N_n, M_n
                             and of the values of a, b at token n *)
From Coq Require Import Reals Lra Lia Psatz PeanoNat.
From AttentionBounds.foundation Require Import finite_sums abstract_expectation independence.
Local Open Scope R_scope.

(* binomial coefficients up to 2 *)
Definition binom2 (i p : nat) : R :=
  match i, p with 2%nat, 1%nat => 2 | _, _ => 1 end.

Lemma binom2_expand i x y : (i <= 2)%nat ->
  (x + y)^i = rsum (S i) (fun p => binom2 i p * (x^p * y^(i - p))).
Proof.
  intros Hi. destruct i as [|[|[|i]]]; [| | |lia]; cbn; ring.
Qed.

Section TwoSums.
Context {Om T : Type} (P : Expectation Om) (mu : Expectation T).
Variables (X : nat -> Om -> T) (L : nat).
Hypothesis PR : product_rule P mu X L.
Variables a b : T -> R.
Let h i j x := a x ^ i * b x ^ j.
Hypothesis h_int : forall i j, (i <= 2)%nat -> (j <= 2)%nat -> Int mu (h i j).

Let N n o := rsum n (fun i => a (X i o)).
Let M n o := rsum n (fun i => b (X i o)).
Let mono n i j o := N n o ^ i * M n o ^ j.
Let e n i j := Ex P (mono n i j).
Let eh i j := Ex mu (h i j).

Lemma past_rsum n K (F : nat -> Om -> R) : (n <= L)%nat ->
  (forall k, (k < K)%nat -> past P mu X L n (F k)) ->
  (forall k, (k < K)%nat -> Int P (F k)) ->
  past P mu X L n (fun o => rsum K (fun k => F k o)).
Proof.
  intros Hn HF IF. induction K as [|K IH]; cbn [rsum].
  - intros g Ig.
    destruct (product_rule_signed P mu X L PR (fun j => if Nat.ltb j n then (fun _ => 1) else g j)) as [I E].
    { intros j _. destruct (Nat.ltb j n); auto. apply Int_const. }
    assert (EQ : forall o, 0 * rprod L (fun i => (if Nat.ltb i n then fun _ : T => 1 else g i) (X i o))
      = 0 * rprod L (fun j => if Nat.ltb j n then 1 else g j (X j o))) by (intros; ring).
    assert (I0 := Int_scal P 0 _ I).
    split; [eapply Int_ext; [exact EQ|exact I0]|].
    rewrite <- (Ex_ext P _ _ EQ I0), Ex_scal, Ex_const by auto. ring.
  - apply (past_plus P mu X L n (fun o => rsum K (fun k => F k o)) (F K)); auto.
Qed.

(* N_{n+1}^i M_{n+1}^j in terms of the moments of step n and of token n. *)
Definition next_mono n i j o := rsum (S i) (fun p => rsum (S j) (fun q =>
  (binom2 i p * binom2 j q) * (mono n p q o * h (i - p) (j - q) (X n o)))).

Lemma mono_next n i j o : (i <= 2)%nat -> (j <= 2)%nat -> next_mono n i j o = mono (S n) i j o.
Proof.
  intros Hi Hj. unfold next_mono, mono, h.
  change (N (S n) o) with (N n o + a (X n o)). change (M (S n) o) with (M n o + b (X n o)).
  rewrite (binom2_expand i _ _ Hi), (binom2_expand j _ _ Hj), rsum_mult.
  apply rsum_ext; intros p _. apply rsum_ext; intros q _. ring.
Qed.

Lemma mono_past n : (n <= L)%nat -> forall i j, (i <= 2)%nat -> (j <= 2)%nat ->
  past P mu X L n (mono n i j).
Proof.
  induction n as [|n IH]; intros Hn i j Hi Hj.
  - apply (past_const P mu X L PR (0 ^ i * 0 ^ j)).
  - assert (term : forall p q, (p < S i)%nat -> (q < S j)%nat ->
      past P mu X L (S n) (fun o => (binom2 i p * binom2 j q) * (mono n p q o * h (i - p) (j - q) (X n o)))).
    { intros p q Hp Hq. apply past_scal. apply past_step; auto; try lia.
      - apply IH; lia.
      - apply h_int; lia. }
    assert (row : forall p, (p < S i)%nat -> past P mu X L (S n) (fun o => rsum (S j) (fun q =>
      (binom2 i p * binom2 j q) * (mono n p q o * h (i - p) (j - q) (X n o))))).
    { intros p Hp. apply (past_rsum (S n) (S j) (fun q o => (binom2 i p * binom2 j q) * (mono n p q o * h (i - p) (j - q) (X n o)))); auto.
      intros q Hq. eapply past_int. now apply term. }
    assert (all : past P mu X L (S n) (next_mono n i j)).
    { apply (past_rsum (S n) (S i) (fun p o => rsum (S j) (fun q => (binom2 i p * binom2 j q) * (mono n p q o * h (i - p) (j - q) (X n o))))); auto.
      intros p Hp. eapply past_int. now apply row. }
    apply past_ext with (next_mono n i j); auto.
    + intros o. now apply mono_next.
    + eapply past_int; eauto.
Qed.

Lemma mono_int n i j : (n <= L)%nat -> (i <= 2)%nat -> (j <= 2)%nat -> Int P (mono n i j).
Proof. intros Hn Hi Hj. eapply past_int. now apply mono_past. Qed.

Lemma moment_next n i j : (n < L)%nat -> (i <= 2)%nat -> (j <= 2)%nat ->
  e (S n) i j = rsum (S i) (fun p => rsum (S j) (fun q =>
    (binom2 i p * binom2 j q) * (e n p q * eh (i - p) (j - q)))).
Proof.
  intros Hn Hi Hj.
  assert (term : forall p q, (p < S i)%nat -> (q < S j)%nat ->
    Int P (fun o => mono n p q o * h (i - p) (j - q) (X n o)) /\
    Ex P (fun o => mono n p q o * h (i - p) (j - q) (X n o)) = e n p q * eh (i - p) (j - q)).
  { intros p q Hp Hq.
    destruct (past_step P mu X L n (mono n p q) (h (i - p) (j - q))) as [A B]; auto.
    - apply mono_past; lia.
    - apply h_int; lia.
    - split; auto. eapply past_int; exact A. }
  assert (tI : forall p q, (p < S i)%nat -> (q < S j)%nat ->
    Int P (fun o => (binom2 i p * binom2 j q) * (mono n p q o * h (i - p) (j - q) (X n o)))).
  { intros p q Hp Hq. apply Int_scal. now apply term. }
  assert (rI : forall p, (p < S i)%nat -> Int P (fun o => rsum (S j) (fun q =>
    (binom2 i p * binom2 j q) * (mono n p q o * h (i - p) (j - q) (X n o))))).
  { intros p Hp. apply (Int_rsum P (S j) (fun q o => (binom2 i p * binom2 j q) * (mono n p q o * h (i - p) (j - q) (X n o)))). auto. }
  unfold e at 1. rewrite <- (Ex_ext P (next_mono n i j)).
  - unfold next_mono.
    rewrite (Ex_rsum P (S i) (fun p o => rsum (S j) (fun q => (binom2 i p * binom2 j q) * (mono n p q o * h (i - p) (j - q) (X n o))))) by auto.
    apply rsum_ext; intros p Hp.
    rewrite (Ex_rsum P (S j) (fun q o => (binom2 i p * binom2 j q) * (mono n p q o * h (i - p) (j - q) (X n o)))) by auto.
    apply rsum_ext; intros q Hq. rewrite Ex_scal by now apply term. f_equal. now apply term.
  - intros o. now apply mono_next.
  - apply (Int_rsum P (S i) (fun p o => rsum (S j) (fun q => (binom2 i p * binom2 j q) * (mono n p q o * h (i - p) (j - q) (X n o))))). auto.
Qed.

Hypothesis a_mean : Ex mu a = 0.
Hypothesis b_mean : Ex mu b = 0.

Lemma eh00 : eh 0 0 = 1.
Proof. transitivity (Ex mu (fun _ => 1)); [|apply Ex_const]. apply Ex_ext; [intros; unfold h; cbn; ring|]. apply h_int; lia. Qed.
Lemma eh10 : eh 1 0 = 0.
Proof. rewrite <- a_mean. apply Ex_ext; [intros; unfold h; cbn; ring|]. apply h_int; lia. Qed.
Lemma eh01 : eh 0 1 = 0.
Proof. rewrite <- b_mean. apply Ex_ext; [intros; unfold h; cbn; ring|]. apply h_int; lia. Qed.

Lemma e00 n : (n <= L)%nat -> e n 0 0 = 1.
Proof.
  intros Hn. transitivity (Ex P (fun _ => 1)); [|apply Ex_const].
  apply Ex_ext; [intros; unfold mono; cbn; ring|]. apply mono_int; lia.
Qed.

Lemma e_zero i j : (0 < i + j)%nat -> e 0 i j = 0.
Proof.
  intros H. unfold e, mono, N, M. cbn [rsum]. rewrite Ex_const.
  destruct i; [destruct j; [lia|]|]; rewrite (pow_i (S _)) by lia; ring.
Qed.

Lemma low_moments n : (n <= L)%nat ->
  e n 1 0 = 0 /\ e n 0 1 = 0 /\ e n 2 0 = INR n * eh 2 0 /\ e n 0 2 = INR n * eh 0 2
  /\ e n 1 1 = INR n * eh 1 1.
Proof.
  induction n as [|n IH]; intros Hn.
  - rewrite !e_zero by lia. cbn [INR]. repeat split; ring.
  - destruct IH as [H10 [H01 [H20 [H02 H11]]]]; [lia|].
    assert (H00 := e00 n ltac:(lia)).
    rewrite !(moment_next n) by lia. rewrite S_INR. cbn [rsum Nat.sub binom2].
    rewrite H10, H01, H20, H02, H11, H00, eh10, eh01, eh00. repeat split; ring.
Qed.

(* (E ab)^2 <= E a^2 E b^2 *)
Lemma eh11_sq : eh 1 1 ^2 <= eh 2 0 * eh 0 2.
Proof.
  assert (Ea : forall x, h 2 0 x = a x ^2) by (intros; unfold h; cbn; ring).
  assert (Eb : forall x, h 0 2 x = b x ^2) by (intros; unfold h; cbn; ring).
  assert (Eab : forall x, h 1 1 x = a x * b x) by (intros; unfold h; cbn; ring).
  assert (Ia := h_int 2 0 ltac:(lia) ltac:(lia)).
  assert (Ib := h_int 0 2 ltac:(lia) ltac:(lia)).
  assert (Iab := h_int 1 1 ltac:(lia) ltac:(lia)).
  unfold eh. rewrite (Ex_ext mu _ _ Ea Ia), (Ex_ext mu _ _ Eb Ib), (Ex_ext mu _ _ Eab Iab).
  apply Ex_cauchy_schwarz; eapply Int_ext; eauto.
Qed.

Lemma fourth_moment_pair n : (n <= L)%nat ->
  e n 2 2 <= INR n * eh 2 2 + 3 * INR n ^2 * (eh 2 0 * eh 0 2).
Proof.
  induction n as [|n IH]; intros Hn.
  - rewrite e_zero by lia. cbn [INR]. lra.
  - specialize (IH ltac:(lia)). destruct (low_moments n) as [H10 [H01 [H20 [H02 H11]]]]; [lia|].
    assert (H00 := e00 n ltac:(lia)).
    rewrite (moment_next n) by lia. rewrite S_INR. cbn [rsum Nat.sub binom2].
    rewrite H10, H01, H20, H02, H11, H00, eh10, eh01, eh00.
    pose proof eh11_sq as CS. pose proof (pos_INR n) as Hr.
    set (A := eh 2 0) in *. set (B := eh 0 2) in *. set (C := eh 1 1) in *.
    assert (Hn2 : 0 <= A * B) by (pose proof (pow2_ge_0 C); lra).
    assert (INR n * C^2 <= INR n * (A * B)) by (apply Rmult_le_compat_l; auto).
    nra.
Qed.

Lemma fourth_moment_pair_sum :
  Int P (fun o => (rsum L (fun i => a (X i o)))^2 * (rsum L (fun i => b (X i o)))^2) /\
  Ex P (fun o => (rsum L (fun i => a (X i o)))^2 * (rsum L (fun i => b (X i o)))^2)
  <= INR L * Ex mu (fun x => a x ^2 * b x ^2)
     + 3 * INR L ^2 * (Ex mu (fun x => a x ^2) * Ex mu (fun x => b x ^2)).
Proof.
  split; [apply (mono_int L 2 2); lia|].
  assert (Ea : forall x, h 2 0 x = a x ^2) by (intros; unfold h; cbn; ring).
  assert (Eb : forall x, h 0 2 x = b x ^2) by (intros; unfold h; cbn; ring).
  rewrite <- (Ex_ext mu _ _ Ea), <- (Ex_ext mu _ _ Eb) by (apply h_int; lia).
  apply (fourth_moment_pair L); lia.
Qed.
End TwoSums.

Section Vectors.
Context {Om T : Type} (P : Expectation Om) (mu : Expectation T).
Variables (X : nat -> Om -> T) (L : nat).
Hypothesis PR : product_rule P mu X L.
Variables (m : nat) (g : nat -> T -> R).
Hypothesis g_int : forall k l i j, (k < m)%nat -> (l < m)%nat -> (i <= 2)%nat -> (j <= 2)%nat ->
  Int mu (fun x => g k x ^ i * g l x ^ j).
Hypothesis g_mean : forall k, (k < m)%nat -> Ex mu (g k) = 0.

Theorem fourth_moment_sum :
  Int P (fun o => (rsum m (fun k => (rsum L (fun i => g k (X i o)))^2))^2) /\
  Ex P (fun o => (rsum m (fun k => (rsum L (fun i => g k (X i o)))^2))^2)
  <= INR L * Ex mu (fun x => (rsum m (fun k => g k x ^2))^2)
     + 3 * INR L ^2 * (rsum m (fun k => Ex mu (fun x => g k x ^2)))^2.
Proof.
  pose (N := fun k o => rsum L (fun i => g k (X i o))).
  assert (pair : forall k l, (k < m)%nat -> (l < m)%nat -> _) by exact (fun k l Hk Hl =>
    fourth_moment_pair_sum P mu X L PR (g k) (g l) (fun i j Hi Hj => g_int k l i j Hk Hl Hi Hj)
      (g_mean k Hk) (g_mean l Hl)).
  assert (I2 : forall k l, (k < m)%nat -> (l < m)%nat -> Int mu (fun x => g k x ^2 * g l x ^2))
    by (intros; now apply g_int).
  (* |N|^4 = sum_{k,l} N_k^2 N_l^2, and the same for |g|^4 *)
  assert (EQ : forall o, rsum m (fun k => rsum m (fun l => N k o ^2 * N l o ^2))
    = (rsum m (fun k => N k o ^2))^2) by (intros; symmetry; apply rsum_sq).
  assert (EQg : forall x, rsum m (fun k => rsum m (fun l => g k x ^2 * g l x ^2))
    = (rsum m (fun k => g k x ^2))^2) by (intros; symmetry; apply rsum_sq).
  assert (IR : forall k, (k < m)%nat -> Int P (fun o => rsum m (fun l => N k o ^2 * N l o ^2))).
  { intros k Hk. apply (Int_rsum P m (fun l o => N k o ^2 * N l o ^2)). intros l Hl. now apply pair. }
  assert (IA : Int P (fun o => rsum m (fun k => rsum m (fun l => N k o ^2 * N l o ^2)))).
  { now apply (Int_rsum P m (fun k o => rsum m (fun l => N k o ^2 * N l o ^2))). }
  assert (JR : forall k, (k < m)%nat -> Int mu (fun x => rsum m (fun l => g k x ^2 * g l x ^2))).
  { intros k Hk. apply (Int_rsum mu m (fun l x => g k x ^2 * g l x ^2)). auto. }
  assert (JA : Int mu (fun x => rsum m (fun k => rsum m (fun l => g k x ^2 * g l x ^2)))).
  { now apply (Int_rsum mu m (fun k x => rsum m (fun l => g k x ^2 * g l x ^2))). }
  split; [eapply Int_ext; [exact EQ|exact IA]|].
  eapply Rle_trans; [right; symmetry; exact (Ex_ext P _ _ EQ IA)|].
  rewrite <- (Ex_ext mu _ _ EQg JA).
  rewrite (Ex_rsum P m (fun k o => rsum m (fun l => N k o ^2 * N l o ^2))) by auto.
  rewrite (Ex_rsum mu m (fun k x => rsum m (fun l => g k x ^2 * g l x ^2))) by auto.
  rewrite rsum_sq, <- !rsum_scal, <- rsum_plus. apply rsum_le; intros k Hk.
  rewrite (Ex_rsum P m (fun l o => N k o ^2 * N l o ^2)) by (intros l Hl; now apply pair).
  rewrite (Ex_rsum mu m (fun l x => g k x ^2 * g l x ^2)) by auto.
  rewrite <- !rsum_scal, <- rsum_plus. apply rsum_le; intros l Hl.
  now apply pair.
Qed.
End Vectors.
