(* The derivative of a moment generating function under an abstract expectation.

   If e^{S + sY} is integrable for |s| <= 2, then

     moment_derivative     d/ds E e^{S + sY} = E[Y e^S]           at s = 0
     cumulant_derivative   d/ds ln E e^{S + sY} = E[Y e^S] / E e^S at s = 0

   by |e^z - 1 - z| <= z^2 e^{|z|}, without dominated convergence: the difference quotient
   is at most 2 |s| (E e^{S + 2Y} + E e^{S - 2Y}) away from its limit. *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Rcomplements.
From AttentionBounds.foundation Require Import exponential_bounds abstract_expectation.
Local Open Scope R_scope.

Lemma exp_remainder z : Rabs (exp z - 1 - z) <= z ^ 2 * exp (Rabs z).
Proof.
  pose proof (exp_ge_1x z) as H. rewrite Rabs_pos_eq by lra.
  destruct (Rle_lt_dec 0 z) as [Hz|Hz].
  - rewrite Rabs_pos_eq by auto. pose proof (exp_ge_1x (- z)) as K. pose proof (exp_pos z).
    assert (E : exp z * exp (- z) = 1) by (rewrite <- exp_plus, Rplus_opp_r; apply exp_0).
    assert (K2 : exp z * (1 + - z) <= 1) by (rewrite <- E; apply Rmult_le_compat_l; lra). nra.
  - rewrite Rabs_left by auto. pose proof (exp_neg_quad (- z)) as K. rewrite Ropp_involutive in K.
    pose proof (exp_ge_1x (- z)). assert (0 <= z ^ 2) by apply pow2_ge_0.
    specialize (K ltac:(lra)). replace ((- z) ^ 2) with (z ^ 2) in K by ring. nra.
Qed.

(* z^2 e^{|z|} <= 2 (e^{2z} + e^{-2z}) *)
Lemma square_exp_le z : z ^ 2 * exp (Rabs z) <= 2 * (exp (2 * z) + exp (- 2 * z)).
Proof.
  assert (H : forall y, 0 <= y -> y ^ 2 * exp y <= 2 * exp (2 * y)).
  { intros y Hy. pose proof (exp_quad y Hy). pose proof (exp_pos y).
    replace (2 * y) with (y + y) by ring. rewrite exp_plus. nra. }
  pose proof (exp_pos (2 * z)). pose proof (exp_pos (- 2 * z)).
  destruct (Rle_lt_dec 0 z) as [Hz|Hz].
  - rewrite Rabs_pos_eq by auto. specialize (H z Hz). lra.
  - rewrite Rabs_left by auto. assert (Hz' : 0 <= - z) by lra. specialize (H (- z) Hz').
    replace (2 * - z) with (- 2 * z) in H by ring. replace ((- z) ^ 2) with (z ^ 2) in H by ring. lra.
Qed.

Section Derivative.
Context {Om : Type} (E : Expectation Om) (S Y : Om -> R).
Hypothesis I : forall s, Rabs s <= 2 -> Int E (fun o => exp (S o + s * Y o)).
Hypothesis IY : Int E (fun o => Y o * exp (S o)).
Let M s := Ex E (fun o => exp (S o + s * Y o)).
Let K := 2 * (M 2 + M (-2)).

Let small s : Rabs s <= 1 -> Rabs s <= 2. Proof. intros; lra. Qed.
Let two : Rabs 2 <= 2. Proof. rewrite Rabs_pos_eq; lra. Qed.
Let mtwo : Rabs (-2) <= 2. Proof. rewrite Rabs_left; lra. Qed.
Let zero : Rabs 0 <= 2. Proof. rewrite Rabs_R0; lra. Qed.
Let I0 : Int E (fun o => exp (S o)).
Proof. eapply Int_ext; [|apply (I 0 zero)]. intros o; simpl. f_equal; ring. Qed.
Let M0 : M 0 = Ex E (fun o => exp (S o)).
Proof. unfold M. apply Ex_ext; [intros o; f_equal; ring|apply (I 0 zero)]. Qed.

Lemma moment_increment s : Rabs s <= 1 ->
  Rabs (M s - M 0 - s * Ex E (fun o => Y o * exp (S o))) <= s ^ 2 * K.
Proof.
  intros Hs. assert (IS := I s (small s Hs)).
  assert (J1 := Int_lin E 1 (-1) IS I0). assert (J := Int_lin E 1 (- s) J1 IY).
  assert (EJ : Ex E (fun o => 1 * (1 * exp (S o + s * Y o) + -1 * exp (S o)) + - s * (Y o * exp (S o)))
    = M s - M 0 - s * Ex E (fun o => Y o * exp (S o))).
  { rewrite (Ex_lin E 1 (- s) J1 IY), (Ex_lin E 1 (-1) IS I0), M0. unfold M. ring. }
  assert (JK := Int_lin E 1 1 (I 2 two) (I (-2) mtwo)).
  assert (JB := Int_scal E (s ^ 2 * 2) _ JK).
  assert (EK : Ex E (fun o => s ^ 2 * 2 * (1 * exp (S o + 2 * Y o) + 1 * exp (S o + -2 * Y o))) = s ^ 2 * K).
  { rewrite (Ex_scal E (s ^ 2 * 2) _ JK), (Ex_lin E 1 1 (I 2 two) (I (-2) mtwo)). unfold K, M. ring. }
  assert (B : forall o, Rabs (1 * (1 * exp (S o + s * Y o) + -1 * exp (S o)) + - s * (Y o * exp (S o)))
    <= s ^ 2 * 2 * (1 * exp (S o + 2 * Y o) + 1 * exp (S o + -2 * Y o))).
  { intros o. rewrite !exp_plus.
    replace (1 * (1 * (exp (S o) * exp (s * Y o)) + -1 * exp (S o)) + - s * (Y o * exp (S o)))
      with (exp (S o) * (exp (s * Y o) - 1 - s * Y o)) by ring.
    rewrite Rabs_mult, (Rabs_pos_eq (exp (S o))) by (left; apply exp_pos).
    replace (s ^ 2 * 2 * (1 * (exp (S o) * exp (2 * Y o)) + 1 * (exp (S o) * exp (-2 * Y o))))
      with (exp (S o) * (s ^ 2 * (2 * (exp (2 * Y o) + exp (-2 * Y o))))) by ring.
    apply Rmult_le_compat_l; [left; apply exp_pos|].
    eapply Rle_trans; [apply exp_remainder|].
    rewrite Rpow_mult_distr, Rmult_assoc. apply Rmult_le_compat_l; [apply pow2_ge_0|].
    eapply Rle_trans; [|apply square_exp_le]. apply Rmult_le_compat_l; [apply pow2_ge_0|].
    apply exp_le_compat. rewrite Rabs_mult. pose proof (Rabs_pos (Y o)). nra. }
  rewrite <- EJ, <- EK. apply Rabs_le. split.
  - rewrite <- (Rmult_1_l (Ex E _)), Ropp_mult_distr_l, <- (Ex_scal E (-(1)) _ JB).
    apply Ex_mono; [now apply Int_scal|exact J|]. intros o. specialize (B o).
    apply Rabs_le_between in B. lra.
  - apply Ex_mono; [exact J|exact JB|]. intros o. specialize (B o). apply Rabs_le_between in B. lra.
Qed.

Lemma moment_derivative : derivable_pt_lim M 0 (Ex E (fun o => Y o * exp (S o))).
Proof.
  intros e He. set (m := Ex E (fun o => Y o * exp (S o))).
  assert (HK : 0 <= K).
  { unfold K. assert (0 <= M 2) by (apply Ex_ge0; [now apply I|intros; left; apply exp_pos]).
    assert (0 <= M (-2)) by (apply Ex_ge0; [now apply I|intros; left; apply exp_pos]). lra. }
  assert (Hd : 0 < Rmin 1 (e / (K + 1))) by (apply Rmin_glb_lt; [lra|apply Rdiv_lt_0_compat; lra]).
  exists (mkposreal _ Hd). intros h Hh Hs. simpl in Hs. rewrite Rplus_0_l.
  assert (H1 : Rabs h <= 1) by (left; eapply Rlt_le_trans; [exact Hs|apply Rmin_l]).
  assert (H2 : Rabs h < e / (K + 1)) by (eapply Rlt_le_trans; [exact Hs|apply Rmin_r]).
  assert (H := moment_increment h H1). fold m in H.
  assert (P : 0 < Rabs h) by now apply Rabs_pos_lt.
  replace ((M h - M 0) / h - m) with ((M h - M 0 - h * m) / h) by (field; auto).
  unfold Rdiv. rewrite Rabs_mult, Rabs_inv.
  apply Rle_lt_trans with (h ^ 2 * K * / Rabs h).
  - apply Rmult_le_compat_r; auto. left. now apply Rinv_0_lt_compat.
  - rewrite <- (pow2_abs h). replace (Rabs h ^ 2 * K * / Rabs h) with (Rabs h * K) by (field; lra).
    apply Rmult_lt_compat_r with (r := K + 1) in H2; [|lra].
    replace (e / (K + 1) * (K + 1)) with e in H2 by (field; lra). nra.
Qed.

Hypothesis M_pos : 0 < Ex E (fun o => exp (S o)).

Theorem cumulant_derivative :
  derivable_pt_lim (fun s => ln (Ex E (fun o => exp (S o + s * Y o)))) 0
    (Ex E (fun o => Y o * exp (S o)) / Ex E (fun o => exp (S o))).
Proof.
  assert (P : 0 < M 0) by (rewrite M0; exact M_pos).
  assert (H := derivable_pt_lim_comp M ln 0 _ _ moment_derivative (derivable_pt_lim_ln (M 0) P)).
  unfold Rdiv. rewrite Rmult_comm, <- M0. exact H.
Qed.
End Derivative.

Lemma affine_derivative c g x : derivable_pt_lim (fun s => c + s * g) x g.
Proof.
  intros e He. exists (mkposreal 1 Rlt_0_1). intros h Hh _.
  replace ((c + (x + h) * g - (c + x * g)) / h - g) with 0 by (field; auto).
  now rewrite Rabs_R0.
Qed.
